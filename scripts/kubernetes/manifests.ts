// npm run k8s:manifests: prints a stack as plain Kubernetes YAML, to read it, check it with other tools or apply it with kubectl.
//   In:  a stack as Terraform JSON. It is synthesised from the settings in the environment; TF_VAR_app_image gives
//        the variable app_image.
//   Out: one YAML document for each object, in the order in which they are to be applied, without the values of Secrets; or
//        a folder with one file for each object but Secrets (kustomize.ts, write-base.ts).
// convert.ts makes the objects. It replaces expressions by their values (references.ts, expression.ts), leaves out the
// content of Secrets (secret-content.ts), and translates Terraform's names (kinds.ts, convert-block.ts, attributes.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { Document } from 'yaml';
import { UsageError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import type { Environment } from '../../db/core/settings';
import { processEnvironment } from '../../db/server/config';
import { note, print } from '../output';
import { synthesisedStacks } from '../pipeline/synth';
import { outliveReaders, type Runner, runner } from '../run-to-exit';
import { type Manifest, manifestsOf } from './convert';
import { kustomizeBase } from './kustomize';
import { placeholderOf } from './references';
import { parseStack, type StackJson } from './stack-json';
import { writeBase } from './write-base';

/** Describes the command; the runner carries it out. */
export function buildManifests({ untilSignal }: Runner): Command {
  return new Command('manifests')
    .description(
      'Print a stack as Kubernetes YAML, in the order to apply it. Values of Secrets are left out.',
    )
    .showHelpAfterError('(--help shows the flags)')
    .option(
      '--stack <name>',
      'kubernetes, kubernetes-ha, kubernetes-sharded or kubernetes-kafka',
      'kubernetes',
    )
    .option('--kustomize <folder>', 'write a base for Kustomize, Argo CD and Flux into this folder instead')
    .action(({ stack, kustomize }: { stack: string; kustomize?: string }) =>
      untilSignal(async (signal) => {
        const env = processEnvironment();
        const folder = await synthesisedStacks({ env, signal }).folderOf(stack);
        const json = parseStack(readFileSync(join(folder, 'cdk.tf.json'), 'utf8'));
        const manifests = manifestsOf(json, givenVariables(env));
        if (manifests.length === 0)
          throw new UsageError(
            `stack ${stack} makes nothing in a cluster; take kubernetes, kubernetes-ha, kubernetes-sharded or kubernetes-kafka`,
          );
        if (kustomize === undefined) printManifests(json, manifests);
        else writeKustomize(kustomize, json, manifests);
        return 0;
      }),
    );
}

/** Prints the YAML, and notes which of its values stand for something that is not known yet. */
function printManifests(stack: StackJson, manifests: readonly Manifest[]): void {
  const text = manifestsAsYaml(manifests);
  for (const name of Object.keys(stack.variable))
    if (text.includes(placeholderOf(name)))
      note(`${name} has no value: ${placeholderOf(name)} stands for it`);
  if (manifests.some(({ object }) => object.kind === 'Job'))
    note(
      'the name of the schema Job depends on ids that only the cluster knows, so it differs from that of a deployment by Terraform',
    );
  print(text.trimEnd());
}

function writeKustomize(
  folder: string,
  { resource, variable }: StackJson,
  manifests: readonly Manifest[],
): void {
  const files = kustomizeBase(manifests, {
    asYaml: (manifest) => manifestsAsYaml([manifest]),
    isProtected: (address) => {
      const [type = '', name = ''] = address.split('.');
      const { lifecycle } = (resource[type]?.[name] ?? {}) as {
        readonly lifecycle?: { readonly prevent_destroy?: boolean };
      };
      return lifecycle?.prevent_destroy === true;
    },
  });
  const open = Object.keys(variable).find((name) =>
    [...files.values()].some((text) => text.includes(placeholderOf(name))),
  );
  if (open !== undefined)
    throw new UsageError(
      `${open} has no value, and nobody fills it in later; set TSDB_APP_IMAGE for app_image`,
    );
  writeBase(folder, files);
  note(
    `${counted(files.size, 'file')} in ${folder}; Secrets are not among them, and ${folder}/kustomization.yaml lists those that are needed`,
  );
}

/** One document for each manifest, with a comment that names the resource of the stack and the keys of a Secret. */
export function manifestsAsYaml(manifests: readonly Manifest[]): string {
  return manifests
    .map(({ address, object, secretKeys }) => {
      // Kubernetes reads YAML 1.1, in which a bare `off` is a boolean.
      const document = new Document(object, { version: '1.1', aliasDuplicateObjects: false });
      if (document.contents !== null)
        document.contents.commentBefore = [address, ...contentNote(secretKeys)]
          .map((line) => ` ${line}`)
          .join('\n');
      return `---\n${document.toString({ lineWidth: 0, directives: false })}`;
    })
    .join('');
}

function contentNote(keys: readonly string[]): readonly string[] {
  return keys.length === 0 ? [] : [`Without its values, which are drawn while applying: ${keys.join(', ')}`];
}

/** Values of variables, given as Terraform takes them: TF_VAR_app_image. */
function givenVariables(env: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      name.startsWith('TF_VAR_') && value ? [[name.slice('TF_VAR_'.length), value]] : [],
    ),
  );
}

if (require.main === module) {
  outliveReaders();
  void buildManifests(runner).parseAsync();
}
