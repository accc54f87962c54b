// An app whose stacks are written into a folder of their own for each deployment, so that one checkout serves several.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Manifest } from 'cdktf';
import type { DeployConfig } from './config';

/**
 * Terraform runs in `<outdir>/<name>-<environment>/<stack>`, and its data folder `.terraform` is there. With one folder for
 * all deployments, it would find the backend of the previous one there, and its advice would copy one state over the other.
 * It must not be below `<outdir>/stacks`: the cdktf command deletes each folder in there that is not named like a stack.
 * @param outdir folder that `synth()` writes to; cdktf chooses one when it is left out
 */
export function deploymentApp(config: DeployConfig, outdir?: string): App {
  const app = new App(outdir === undefined ? {} : { outdir });
  const { manifest } = app;
  const deployment = `${config.name}-${config.environment}`;
  const folder = join(app.outdir, deployment);
  const forStack = manifest.forStack.bind(manifest);
  // The manifest tells the cdktf command where each stack is.
  manifest.forStack = (stack) => {
    const id = stack.node.id;
    const known = manifest.stacks[id];
    if (known !== undefined) return known;
    mkdirSync(folder, { recursive: true });
    const workingDirectory = join(deployment, id);
    const placed = {
      ...forStack(stack),
      workingDirectory,
      synthesizedStackPath: join(workingDirectory, manifest.stackFileName),
      stackMetadataPath: join(workingDirectory, Manifest.stackMetadataPath),
    };
    manifest.stacks[id] = placed;
    return placed;
  };
  const writeToFile = manifest.writeToFile.bind(manifest);
  // A second one, which the synthesis of another deployment does not overwrite.
  manifest.writeToFile = () => {
    writeToFile();
    writeFileSync(join(folder, Manifest.fileName), JSON.stringify(manifest.buildManifest(), null, 2));
  };
  return app;
}
