// Synthesises a real app into a temporary folder and reads back what Terraform would get.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdktf';
import type { Construct } from 'constructs';
import type { Resources } from './policy';

/** One stack as Terraform JSON. `text` is the file itself, byte for byte. */
export interface SynthesisedStack {
  readonly text: string;
  readonly resource: Resources;
  readonly variable: Readonly<Record<string, { readonly default?: unknown }>>;
  readonly output: Readonly<Record<string, { readonly value: string }>>;
}

/** The stacks of an app by id, after `synth()` with all its validations. */
export function synthesiseApp(build: (outdir: string) => App): Readonly<Record<string, SynthesisedStack>> {
  const outdir = mkdtempSync(join(tmpdir(), 'tsdb-synth-'));
  try {
    const app = build(outdir);
    app.synth();
    return Object.fromEntries(
      Object.values(app.manifest.stacks).map((stack) => [
        stack.name,
        readStack(outdir, stack.synthesizedStackPath),
      ]),
    );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The only stack that `build` adds, under the id `stack`. */
export function synthesiseStack(build: (app: Construct, id: string) => unknown): SynthesisedStack {
  const stacks = synthesiseApp((outdir) => {
    const app = new App({ outdir });
    build(app, 'stack');
    return app;
  });
  if (stacks.stack === undefined) throw new Error('build() added no stack');
  return stacks.stack;
}

/** `azurerm_subnet.network_subnet_0A1B2C3D` and so on, sorted. A renamed construct shows up as destroy + create. */
export function addresses(stack: SynthesisedStack): readonly string[] {
  return Object.entries(stack.resource)
    .flatMap(([type, named]) => Object.keys(named).map((name) => `${type}.${name}`))
    .sort();
}

/** The attributes of the only resource of `type`. */
export function onlyResource(stack: SynthesisedStack, type: string): Readonly<Record<string, unknown>> {
  const [resource, ...others] = Object.values(stack.resource[type] ?? {});
  if (resource === undefined || others.length > 0)
    throw new Error(`expected one ${type}, found ${others.length + (resource ? 1 : 0)}`);
  return resource as Readonly<Record<string, unknown>>;
}

function readStack(outdir: string, path: string): SynthesisedStack {
  const text = readFileSync(join(outdir, path), 'utf8');
  return { variable: {}, output: {}, ...JSON.parse(text), text };
}
