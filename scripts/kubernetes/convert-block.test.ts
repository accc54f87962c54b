import { convertBlock } from './convert-block';

describe('convertBlock', () => {
  it.each<[block: Record<string, unknown>, object: Record<string, unknown>]>([
    [
      { service_name: 'x', paused: false },
      { serviceName: 'x', paused: false },
    ],
    [{ args: ['-c', 'jit=off'] }, { args: ['-c', 'jit=off'] }],
    [{ args: [] }, { args: [] }],
    [{ labels: { 'a.b/c_d': '1' } }, { labels: { 'a.b/c_d': '1' } }],
    [{ run_as_user: '70' }, { runAsUser: 70 }],
    [{ max_surge: '1' }, { maxSurge: 1 }],
    [{ max_surge: '25%' }, { maxSurge: '25%' }],
    [{ default_mode: '0440' }, { defaultMode: 288 }],
    [{ cluster_ip: 'None' }, { clusterIP: 'None' }],
    [{ service_name: null }, {}],
    [{ port: { name: 'a' } }, { ports: [{ name: 'a' }] }],
    [
      { port: [{ target_port: 'a' }, { target_port: '80' }] },
      { ports: [{ targetPort: 'a' }, { targetPort: 80 }] },
    ],
    [{ policy: [] }, { policies: [] }],
    [{ template: [{ spec: { name: 'a' } }] }, { template: { spec: { name: 'a' } } }],
    [{ template: {} }, { template: {} }],
    // The same word means one thing here and another thing there.
    [{ http_get: { path: '/', port: '80' } }, { httpGet: { path: '/', port: 80 } }],
    [
      { http: { path: [{ path: '/', backend: { service: { port: { name: 'a' } } } }] } },
      { http: { paths: [{ path: '/', backend: { service: { port: { name: 'a' } } } }] } },
    ],
    [{ selector: { 'a.b/c_d': '1' } }, { selector: { 'a.b/c_d': '1' } }],
    [{ selector: { match_labels: { c_d: '1' } } }, { selector: { matchLabels: { c_d: '1' } } }],
  ])('%j becomes %j', (block, object) => {
    expect(convertBlock(block)).toEqual(object);
  });

  it('puts attributes in the order of the table', () => {
    const object = convertBlock({ port: [], labels: {}, service_name: 'x', name: 'y' });
    expect(Object.keys(object)).toEqual(['name', 'labels', 'serviceName', 'ports']);
  });

  it.each<[block: Record<string, unknown>, fault: string]>([
    [{ template: { spec: { other: 1 } } }, 'template.spec.other is in no table'],
    [{ port: [{}, { toString: 1 }] }, 'port[1].toString is in no table'],
    [{ template: [{}, {}] }, 'template is there 2 times, and the API has it once'],
    [{ service_name: { deep: 1 } }, 'service_name.deep is in no table'],
    [{ args: [{ deep: 1 }] }, 'args.deep is in no table'],
    [{ labels: ['a'] }, 'labels must be a record of texts'],
    [{ labels: { a: { deep: 1 } } }, 'labels must be a record of texts'],
    [{ run_as_user: 'root' }, 'run_as_user must be a number, got "root"'],
    [{ default_mode: '0999' }, 'default_mode must be a mode such as "0440"'],
  ])('refuses %j', (block, fault) => {
    expect(() => convertBlock(block)).toThrow(fault);
  });
});
