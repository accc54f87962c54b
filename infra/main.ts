// The whole deployment on one screen: read the settings, build both stacks, write them as Terraform.

import { join } from 'node:path';
import { App } from 'cdktf';
import { KubernetesStack } from '../k8s/stack';
import { AzureStack } from './azure/stack';
import { type DeployConfig, readConfig, UsageError } from './core/config';
import { hashSources } from './core/source-hash';

/**
 * Both stacks, not yet written. The stack ids are contract: `cdktf deploy azure`, `cdktf deploy kubernetes`.
 * @param schemaHash identity of the declared database; a new one makes a new schema Job
 * @param outdir folder that `synth()` writes to; cdktf chooses when it is left out
 */
export function buildApp(config: DeployConfig, schemaHash: string, outdir?: string): App {
  const app = new App(outdir === undefined ? {} : { outdir });
  new AzureStack(app, 'azure', { config });
  new KubernetesStack(app, 'kubernetes', { config, schemaHash });
  return app;
}

function main(): void {
  try {
    buildApp(readConfig(), hashSources(join(__dirname, '..', 'db'))).synth();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

// Tests import buildApp; only a direct run may write files.
if (require.main === module) main();
