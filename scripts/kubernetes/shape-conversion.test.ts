import { many, maps, numbers, numbersOrTexts, octals, one, plain, renamed, terraformOnly } from './shape';
import { convertBlock } from './shape-conversion';

const PORT = { ...plain('name', 'container_port'), ...numbersOrTexts('target_port') };
const SHAPE = {
  ...plain('service_name', 'args', 'enabled'),
  ...maps('labels'),
  ...numbers('run_as_user'),
  ...numbersOrTexts('max_surge'),
  ...octals('default_mode'),
  ...terraformOnly('timeouts'),
  cluster_ip: renamed('clusterIP'),
  port: many(PORT),
  policy: many(PORT, 'policies'),
  template: one({ spec: one(plain('name')) }),
};

describe('convertBlock', () => {
  it.each<[block: Record<string, unknown>, object: Record<string, unknown>]>([
    [
      { service_name: 'x', enabled: false },
      { serviceName: 'x', enabled: false },
    ],
    [{ args: ['-c', 'jit=off'] }, { args: ['-c', 'jit=off'] }],
    [{ labels: { 'a.b/c_d': '1' } }, { labels: { 'a.b/c_d': '1' } }],
    [{ run_as_user: '70' }, { runAsUser: 70 }],
    [{ max_surge: '1' }, { maxSurge: 1 }],
    [{ max_surge: '25%' }, { maxSurge: '25%' }],
    [{ default_mode: '0440' }, { defaultMode: 288 }],
    [{ cluster_ip: 'None' }, { clusterIP: 'None' }],
    [{ timeouts: { create: '5m' }, service_name: null }, {}],
    [{ port: { name: 'a' } }, { ports: [{ name: 'a' }] }],
    [
      { port: [{ target_port: 'a' }, { target_port: '80' }] },
      { ports: [{ targetPort: 'a' }, { targetPort: 80 }] },
    ],
    [{ policy: [] }, { policies: [] }],
    [{ template: [{ spec: { name: 'a' } }] }, { template: { spec: { name: 'a' } } }],
    [{ template: {} }, { template: {} }],
  ])('%j becomes %j', (block, object) => {
    expect(convertBlock(block, SHAPE)).toEqual(object);
  });

  it('puts attributes in the order of the table', () => {
    const object = convertBlock({ port: [], labels: {}, service_name: 'x' }, SHAPE);
    expect(Object.keys(object)).toEqual(['serviceName', 'labels', 'ports']);
  });

  it.each<[block: Record<string, unknown>, fault: string]>([
    [{ template: { spec: { other: 1 } } }, 'template.spec.other is in no table'],
    [{ port: [{}, { toString: 1 }] }, 'port[1].toString is in no table'],
    [{ template: [{}, {}] }, 'template is there 2 times, and the API has it once'],
    [{ service_name: { deep: 1 } }, 'service_name must be a text, number or boolean'],
    [{ args: [{ deep: 1 }] }, 'args must be a text, number or boolean'],
    [{ labels: ['a'] }, 'labels must be a record of texts'],
    [{ run_as_user: 'root' }, 'run_as_user must be a number, got "root"'],
    [{ default_mode: '0999' }, 'default_mode must be a mode such as "0440"'],
  ])('refuses %j', (block, fault) => {
    expect(() => convertBlock(block, SHAPE)).toThrow(fault);
  });
});
