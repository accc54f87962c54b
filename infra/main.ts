// The whole deployment on one screen: read the settings, build both stacks, write them as Terraform.

import { join } from 'node:path';
import { App } from 'cdktf';
import { KubernetesStack } from '../k8s/stack';
import type { Bundle } from './azure/machine/bundle';
import { machineBundle } from './azure/release';
import { AzureStack } from './azure/stack';
import { type DeployConfig, readConfig } from './core/config';
import { UsageError } from './core/config/reader';
import { builtProgram } from './core/program';
import { hashSources } from './core/source-hash';

/** What is made from the sources before the stacks are. */
export interface Sources {
  /** Identity of the declared database; a new one makes a new schema Job. */
  readonly schemaHash: string;
  /** What the machine runs. */
  readonly bundle: Bundle;
}

/**
 * Both stacks, not yet written. The stack ids are contract: `cdktf deploy azure`, `cdktf deploy kubernetes`.
 * @param outdir folder that `synth()` writes to; cdktf chooses when it is left out
 */
export function buildApp(config: DeployConfig, { schemaHash, bundle }: Sources, outdir?: string): App {
  const app = new App(outdir === undefined ? {} : { outdir });
  new AzureStack(app, 'azure', { config, bundle });
  new KubernetesStack(app, 'kubernetes', { config, schemaHash });
  return app;
}

function main(): void {
  // cdktf notes where each value comes from; looking that up in source maps takes a third of the time and memory.
  process.setSourceMapsEnabled(false);
  try {
    const config = readConfig();
    const root = join(__dirname, '..');
    const program = builtProgram(root);
    const bundle = machineBundle(config, program, join(program, '..', 'bundles'));
    buildApp(config, { schemaHash: hashSources(join(root, 'db')), bundle }).synth();
  } catch (error) {
    process.setSourceMapsEnabled(true);
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

// Tests import buildApp; only a direct run may write files.
if (require.main === module) main();
