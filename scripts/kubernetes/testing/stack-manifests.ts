// For tests: turns a synthesised stack into manifests, and finds the pods in them.
import { type ApiObject, type Manifest, manifestsOf } from '../convert';
import { parseStack } from '../stack-json';
import type { PodSpec } from './pod-spec';

/** All manifests of a stack's JSON, in the order to apply them. */
export const manifestsIn = (text: string): readonly Manifest[] =>
  manifestsOf(parseStack(text), { app_image: 'registry.example/tsdb:1' });

interface Template {
  readonly metadata?: object;
  readonly spec: PodSpec;
}

interface Workload extends ApiObject {
  readonly spec?: {
    readonly template?: Template;
    readonly jobTemplate?: { readonly spec: { readonly template: Template } };
  };
}

/** The templates of pods in manifests, each with the kind and name of its workload. */
export function podTemplates(
  manifests: readonly Manifest[],
): readonly { readonly name: string; readonly template: Template }[] {
  return manifests.flatMap(({ object }) => {
    const { kind, metadata, spec } = object as Workload;
    const template = spec?.template ?? spec?.jobTemplate?.spec.template;
    return template === undefined ? [] : [{ name: `${kind} ${metadata.name}`, template }];
  });
}
