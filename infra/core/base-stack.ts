// What every stack of this app has: a required Terraform version, a backend for its state, and tags on its resources.
import { Aspects, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { addBackend } from './backend';
import type { DeployConfig } from './config';
import { TERRAFORM_VERSION } from './pins';

export interface BaseStackProps {
  readonly config: DeployConfig;
  /** For every resource that supports tags. A resource's own tags win. */
  readonly tags: Readonly<Record<string, string>>;
}

export class BaseStack extends TerraformStack {
  constructor(scope: Construct, id: string, { config, tags }: BaseStackProps) {
    super(scope, id);
    this.addOverride('terraform.required_version', TERRAFORM_VERSION);
    addBackend(this, config);
    // On the stack, not on the App: cdktf 0.21 never runs the Aspects of an App.
    Aspects.of(this).add({
      visit: (node) => {
        if (isTaggable(node)) node.tags = { ...tags, ...node.tagsInput };
      },
    });
  }
}

interface Taggable {
  tags: Record<string, string>;
  readonly tagsInput?: Record<string, string>;
}

function isTaggable(node: object): node is Taggable {
  return 'tagsInput' in node;
}
