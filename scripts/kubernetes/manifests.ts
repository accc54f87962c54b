// npm run k8s:manifests: a stack as plain Kubernetes YAML, to read, to check with other tools, or for `kubectl apply`.
import { Command } from 'commander';
import { Document } from 'yaml';
import { UsageError } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';
import { processEnvironment } from '../../db/server/config';
import { note, print } from '../output';
import { synthesisedStacks } from '../pipeline/synth';
import { outliveReaders, type Runner, runner } from '../run-to-exit';
import { type Manifest, manifestsOf } from './convert';
import { placeholderOf } from './references';
import { readStack, type StackJson } from './stack-json';

/** Wires the command; the runner carries it out. */
export function buildManifests({ untilSignal }: Runner): Command {
  return new Command('manifests')
    .description(
      'Print a stack as Kubernetes YAML, in the order to apply it. Values of Secrets are left out.',
    )
    .showHelpAfterError('(--help shows the flags)')
    .option('--stack <name>', 'kubernetes, or kubernetes-ha', 'kubernetes')
    .action(({ stack }: { stack: string }) =>
      untilSignal(async (signal) => {
        const env = processEnvironment();
        const json = readStack(await synthesisedStacks({ env, signal })(stack));
        const manifests = manifestsOf(json, givenVariables(env));
        if (manifests.length === 0)
          throw new UsageError(`stack ${stack} makes nothing in a cluster; take kubernetes or kubernetes-ha`);
        printManifests(json, manifests);
        return 0;
      }),
    );
}

/** Prints the YAML, and notes what stands in it for something else. */
function printManifests(stack: StackJson, manifests: readonly Manifest[]): void {
  const text = manifestsAsYaml(manifests);
  for (const name of Object.keys(stack.variable))
    if (text.includes(placeholderOf(name)))
      note(`${name} has no value: ${placeholderOf(name)} stands for it`);
  if (/\buid-of-/.test(text))
    note(
      'ids that only the cluster knows are written uid-of-…; the name of the schema Job depends on them, too',
    );
  print(text.trimEnd());
}

/** One document for each manifest; a comment names the resource of the stack, and the keys of a Secret. */
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

// As Terraform takes them: TF_VAR_app_image.
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
