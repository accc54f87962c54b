import { AZURE, HA, manifestsOf, objectOf, RESTORED, S3 } from './testing/ha-stack';
import { type Fields, OPERATOR_FIELDS, REFUSED_PARAMETERS } from './testing/operator-fields';

/** What is wrong with a value at a path, in words; empty when the operator would take it. */
function faultsOf(fields: Fields, value: unknown, path = ''): readonly string[] {
  const type = fields[path];
  if (type !== undefined)
    return isOf(type, value) ? [] : [`${path} must be ${type}, got ${JSON.stringify(value)}`];
  if (Array.isArray(value)) return value.flatMap((entry) => faultsOf(fields, entry, `${path}[]`));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, inner]) =>
      faultsOf(fields, inner, path === '' ? name : `${path}.${name}`),
    );
  return [`${path} is no field of it`];
}

const QUANTITY = /^\d+(\.\d+)?(m|[KMGT]i)?$/;

function isOf(type: string | readonly string[], value: unknown): boolean {
  if (typeof type !== 'string') return type.includes(String(value));
  if (type === 'quantity') return typeof value === 'string' && QUANTITY.test(value);
  if (type === 'texts' || type === 'quantities')
    return Object.values(value ?? {}).every((text) =>
      type === 'texts' ? typeof text === 'string' : QUANTITY.test(String(text)),
    );
  return typeof value === type;
}

describe('the objects for the operator', () => {
  it.each([
    ['without backups', HA, ['Cluster', 'ImageCatalog', 'Pooler']],
    ['with backups to S3', S3, ['Cluster', 'ImageCatalog', 'ObjectStore', 'Pooler', 'ScheduledBackup']],
    ['with backups to Azure', AZURE, ['Cluster', 'ImageCatalog', 'ObjectStore', 'Pooler', 'ScheduledBackup']],
    ['out of backups', RESTORED, ['Cluster', 'ImageCatalog', 'ObjectStore', 'Pooler', 'ScheduledBackup']],
  ])('%s, have only fields that it knows', (_what, env, kinds) => {
    const objects = manifestsOf(env).map(({ manifest }) => manifest);
    expect(objects.map(({ kind }) => kind).sort()).toEqual(kinds);
    for (const { apiVersion, kind, spec } of objects)
      expect(faultsOf(OPERATOR_FIELDS[`${apiVersion} ${kind}`] ?? {}, spec)).toEqual([]);
  });

  it.each([
    [{ instancez: 3 }, 'instancez is no field of it'],
    [{ instances: '3' }, 'instances must be number, got "3"'],
    [{ storage: { size: '10 GB' } }, 'storage.size must be quantity, got "10 GB"'],
    [{ primaryUpdateMethod: 'reboot' }, 'primaryUpdateMethod must be switchover,restart, got "reboot"'],
    [
      { postgresql: { parameters: { work_mem: 4 } } },
      'postgresql.parameters must be texts, got {"work_mem":4}',
    ],
  ])('are found out when they are wrong: %j', (change, fault) => {
    const { spec } = objectOf('Cluster');
    expect(faultsOf(OPERATOR_FIELDS['postgresql.cnpg.io/v1 Cluster'] ?? {}, { ...spec, ...change })).toEqual([
      fault,
    ]);
  });

  it.each([{}, { TSDB_DEPLOY_DB_MEMORY_MIB: '65536', TSDB_DEPLOY_DB_CPUS: '16' }])(
    'set no parameter that it keeps to itself: %j',
    (size) => {
      const { parameters, shared_preload_libraries } = objectOf('Cluster', { ...HA, ...size }).spec
        .postgresql;
      const refused = Object.keys(parameters).filter((name) =>
        REFUSED_PARAMETERS.some((rule) => rule.test(name)),
      );
      expect(refused).toEqual([]);
      expect(shared_preload_libraries).toEqual(['timescaledb']);
      expect(REFUSED_PARAMETERS.some((rule) => rule.test('listen_addresses'))).toBe(true);
    },
  );
});
