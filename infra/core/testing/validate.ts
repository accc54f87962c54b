// Lets Terraform and the real providers check many stacks at once.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SynthesisedStack } from './synthesise';
import { terraform } from './terraform';

/**
 * Runs `terraform validate` once for all stacks: each is a module of one configuration, so that every provider is
 * installed once and describes its resources once.
 * @param given values of the variables; a stack takes those that it declares
 * @param prepare puts what a stack refers to into its folder
 * @returns for each stack what is wrong with it; nothing when it is valid
 * @throws Error when the providers cannot be installed
 */
export function validateStacks(
  stacks: Readonly<Record<string, SynthesisedStack>>,
  given: Readonly<Record<string, unknown>>,
  prepare: (stack: SynthesisedStack, folder: string) => void,
): Readonly<Record<string, readonly string[]>> {
  const root = mkdtempSync(join(tmpdir(), 'tsdb-validate-'));
  const folders = Object.fromEntries(Object.keys(stacks).map((name, at) => [name, `stack${at}`]));
  try {
    const module: Record<string, object> = {};
    const imports: Import[] = [];
    for (const [name, stack] of Object.entries(stacks)) {
      const folder = folders[name] as string;
      mkdirSync(join(root, folder));
      const { import: taken = [], ...document } = JSON.parse(stack.text) as { import?: readonly Import[] };
      writeFileSync(
        join(root, folder, 'main.tf.json'),
        taken.length === 0 ? stack.text : JSON.stringify(document),
      );
      // Only the root module may import.
      imports.push(...taken.map(({ id, to }) => ({ id, to: `module.${folder}.${to}` })));
      prepare(stack, join(root, folder));
      const declared = Object.entries(given).filter(([variable]) => variable in stack.variable);
      module[folder] = { source: `./${folder}`, ...Object.fromEntries(declared) };
    }
    writeFileSync(
      join(root, 'main.tf.json'),
      JSON.stringify({ module, ...(imports.length === 0 ? {} : { import: imports }) }),
    );
    const prepared = terraform(['init', '-backend=false'], root);
    if (prepared.status !== 0) throw new Error(prepared.text);
    const { diagnostics } = JSON.parse(terraform(['validate', '-json'], root).text) as Answer;
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const faultsOf = (folder: string) =>
      errors.filter(({ range }) => range?.filename.startsWith(`${folder}/`)).map(textOf);
    const elsewhere = errors.filter(({ range }) => range === undefined || !range.filename.includes('/'));
    return Object.fromEntries(
      Object.entries(folders).map(([name, folder]) => [
        name,
        [...faultsOf(folder), ...elsewhere.map(textOf)],
      ]),
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface Import {
  readonly id: string;
  readonly to: string;
}

interface Answer {
  readonly diagnostics: readonly Diagnostic[];
}

interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly summary: string;
  readonly detail: string;
  readonly range?: { readonly filename: string };
  readonly snippet?: { readonly context: string | null };
}

const textOf = ({ summary, detail, snippet }: Diagnostic): string =>
  [snippet?.context, summary, detail === summary ? undefined : detail].filter(Boolean).join(': ');
