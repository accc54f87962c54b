// The whole deployment on one screen: read the settings, build the stacks, write them as Terraform.
import { join } from 'node:path';
import type { App, TerraformStack } from 'cdktf';
import type { AksStack } from './infra/aks/stack';
import { type Bundle, writeBundle } from './infra/azure/machine/bundle';
import { bundleProps } from './infra/azure/machine-bundle';
import { AzureStack } from './infra/azure/stack';
import { type DeployConfig, readConfig, SettingsError } from './infra/core/config';
import { deploymentApp } from './infra/core/deployment-app';
import { builtProgram } from './infra/core/program';
import { placeProviderLock } from './infra/core/provider-lock';
import { hashSources } from './infra/core/source-hash';
import type { AksReference } from './k8s/cluster-provider';
import { KubernetesStack } from './k8s/stack';

/** What is derived from the source files before the stacks are built. */
export interface Sources {
  /** Hash of the declared database. When it changes, a new schema Job is made. */
  readonly schemaHash: string;
  /** What the machine runs. */
  readonly bundle: Bundle;
}

/**
 * Builds the stacks without writing them. Commands and state files use their ids, so the ids must not change: `azure` and
 * `kubernetes` always exist, `aks`, `kubernetes-ha`, `kubernetes-sharded` and `kubernetes-kafka` only when the settings ask for
 * them. `cdktf deploy` deploys them before `kubernetes`, and `aks` before all others, because each stack declares what it depends on.
 * @param outdir folder that `synth()` writes to; cdktf chooses one when it is left out
 */
export function buildApp(config: DeployConfig, { schemaHash, bundle }: Sources, outdir?: string): App {
  const app = deploymentApp(config, outdir);
  new AzureStack(app, 'azure', { config, bundle });
  const aks = config.kubernetes.cluster === 'aks' ? aksStack(app, config) : undefined;
  const database = databaseStack(app, config, aks);
  const kubernetes = new KubernetesStack(app, 'kubernetes', { config, schemaHash, aks });
  if (database !== undefined) kubernetes.addDependency(database);
  if (config.kafka.isWanted) kubernetes.addDependency(kafkaStack(app, config, aks));
  return app;
}

// The optional stacks are loaded only when needed: loading them adds a tenth of a second to every run.

function aksStack(app: App, config: DeployConfig): AksStack {
  const { AksStack } = require('./infra/aks/stack') as typeof import('./infra/aks/stack');
  return new AksStack(app, 'aks', { config });
}

/** The stack that makes the database, when `kubernetes` does not make it itself. */
function databaseStack(
  app: App,
  config: DeployConfig,
  aks: AksReference | undefined,
): TerraformStack | undefined {
  switch (config.databaseKind) {
    case 'single':
      return undefined;
    case 'replicating': {
      const { KubernetesHaStack } = require('./k8s/ha/stack') as typeof import('./k8s/ha/stack');
      return new KubernetesHaStack(app, 'kubernetes-ha', { config, aks });
    }
    case 'sharded': {
      const { KubernetesShardedStack } =
        require('./k8s/sharded/stack') as typeof import('./k8s/sharded/stack');
      return new KubernetesShardedStack(app, 'kubernetes-sharded', { config, aks });
    }
  }
}

function kafkaStack(app: App, config: DeployConfig, aks: AksReference | undefined): TerraformStack {
  const { KubernetesKafkaStack } = require('./k8s/kafka/stack') as typeof import('./k8s/kafka/stack');
  return new KubernetesKafkaStack(app, 'kubernetes-kafka', { config, aks });
}

function main(): void {
  // cdktf records a stack trace for each value. Resolving those through source maps takes a third of the time and memory.
  process.setSourceMapsEnabled(false);
  try {
    const config = readConfig();
    const program = builtProgram(__dirname);
    const bundle = writeBundle(bundleProps(config, program), join(program, '..', 'bundles'));
    const app = buildApp(config, { schemaHash: hashSources(join(__dirname, 'db')), bundle });
    app.synth();
    placeProviderLock(app, join(__dirname, 'infra', 'terraform.lock.hcl'));
  } catch (error) {
    process.setSourceMapsEnabled(true);
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

// Tests import buildApp; only a direct run may write files.
if (require.main === module) main();
