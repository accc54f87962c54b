import { TEST_BUNDLE } from './infra/azure/testing/azure-stack';
import { readConfig } from './infra/core/config';
import { IMAGE_FLAVOURS } from './infra/core/pins';
import { buildApp } from './main';

// Each synthesis pays for what it loads: these four cannot be loaded here.
jest.mock('./infra/aks/stack', () => {
  throw new Error('aks was loaded');
});
jest.mock('./k8s/ha/stack', () => {
  throw new Error('ha was loaded');
});

jest.mock('./k8s/sharded/stack', () => {
  throw new Error('sharded was loaded');
});

jest.mock('./k8s/kafka/stack', () => {
  throw new Error('kafka was loaded');
});

describe('the optional stacks', () => {
  const build = (env: Record<string, string>) => () =>
    buildApp(readConfig(env), { schemaHash: 'f'.repeat(64), bundle: TEST_BUNDLE });

  it('are loaded only when they are asked for', () => {
    expect(build({})).not.toThrow();
    expect(build({ TSDB_DEPLOY_CLUSTER: 'aks' })).toThrow('aks was loaded');
    expect(build({ TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: IMAGE_FLAVOURS.ha.image })).toThrow(
      'ha was loaded',
    );
    expect(build({ TSDB_DEPLOY_SHARDED: 'true' })).toThrow('sharded was loaded');
    expect(build({ TSDB_DEPLOY_KAFKA: 'true' })).toThrow('kafka was loaded');
  });
});
