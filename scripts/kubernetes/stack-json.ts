// The parts of a synthesised stack that are read here, as Terraform's JSON has them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Type → name → attributes. */
export type Blocks = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface StackJson {
  readonly resource: Blocks;
  readonly data: Blocks;
  readonly variable: Readonly<Record<string, { readonly default?: unknown }>>;
}

/** Parses the file that Terraform gets; parts that it lacks are empty. */
export function parseStack(text: string): StackJson {
  return { resource: {}, data: {}, variable: {}, ...(JSON.parse(text) as Partial<StackJson>) };
}

/** Reads the stack that was synthesised into a folder. */
export const readStack = (folder: string): StackJson =>
  parseStack(readFileSync(join(folder, 'cdk.tf.json'), 'utf8'));
