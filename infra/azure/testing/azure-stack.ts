// Synthesises the azure stack alone, with a bundle that only looks like one.
import { readConfig } from '../../core/config';
import { AZURE_PARTS } from '../../core/settings/azure';
import type { Attributes } from '../../core/testing/policy';
import { onlyResource, type SynthesisedStack, synthesiseStack } from '../../core/testing/synthesise';
import type { Bundle } from '../machine/bundle';
import { AzureStack } from '../stack';

/** A file that exists; nobody looks into it. */
export const TEST_BUNDLE: Bundle = {
  path: __filename,
  sha256: 'b'.repeat(64),
  name: 'tsdb-bbbbbbbbbbbbbbbb.tar.gz',
};

/** Settings with all optional parts. */
export const EVERYTHING = {
  TSDB_DEPLOY_PARTS: AZURE_PARTS.join(','),
  TSDB_DEPLOY_MONTHLY_BUDGET: '300',
  TSDB_DEPLOY_ALERT_EMAIL: 'ops@example.org',
};
/** Brokers that the stack makes, and brokers that are given, with every kind of secret. */
export const EVENT_HUBS = {
  TSDB_DEPLOY_EVENT_HUBS: 'standard',
  TSDB_DEPLOY_EVENT_HUBS_CIDRS: '203.0.113.0/24',
};
export const BROKERS = {
  TSDB_DEPLOY_KAFKA_BROKERS: 'kafka-0.example.org:9093,kafka-1.example.org:9094',
  TSDB_DEPLOY_KAFKA_SASL: 'plain',
  TSDB_DEPLOY_KAFKA_USERNAME: '$ConnectionString',
  TSDB_DEPLOY_SCHEMA_REGISTRY: 'https://registry.example.org',
  TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME: 'plant',
  TSDB_DEPLOY_MQTT_URL: 'mqtts://broker.example.org',
  TSDB_DEPLOY_MQTT_USERNAME: 'plant',
  TSDB_DEPLOY_BROKER_SECRETS:
    'kafka-password=plant-kafka,kafka-ca=plant-ca,mqtt-ca=plant-ca,mqtt-cert=plant-cert,mqtt-key=plant-key',
};
export const PRIVATE = { TSDB_DEPLOY_EXPOSURE: 'private', TSDB_DEPLOY_PARTS: 'nat,bastion' };

type Env = Readonly<Record<string, string>>;

const known = new Map<string, SynthesisedStack>();

/** The same settings are synthesised once: many tests look at the same stack. */
export function synthesiseAzure(env: Env = {}, bundle: Bundle = TEST_BUNDLE): SynthesisedStack {
  const key = JSON.stringify([env, bundle]);
  const stack = known.get(key) ?? synthesiseAgain(env, bundle);
  known.set(key, stack);
  return stack;
}

export function synthesiseAgain(env: Env, bundle: Bundle = TEST_BUNDLE): SynthesisedStack {
  return synthesiseStack((app, id) => new AzureStack(app, id, { config: readConfig(env), bundle }));
}

/** The attributes of the only resource of a type, which is given without `azurerm_`. */
export function only(stack: SynthesisedStack, type: string): Attributes {
  return onlyResource(stack, `azurerm_${type}`);
}
