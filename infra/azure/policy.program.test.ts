import { AZURE_PARTS } from '../core/settings/azure';
import { type Attributes, changed, type Resources, violations } from '../core/testing/policy';
import { synthesiseAzure } from './testing/azure-stack';
import { BAD, DATABASE_PORT, GOOD, GROUP, HTTPS, INTERNET, rules } from './testing/policy/fixtures';
import { AZURE_POLICY } from './testing/policy/rules';
import { SKIPPED_RULES } from './testing/policy/skipped';

const violationsOf = (resources: Resources) => violations(AZURE_POLICY, resources);
const violationsWith = (type: string, change: Attributes) => violationsOf(changed(GOOD, type, change));

describe('the policy of the azure stack', () => {
  it('lets good resources pass', () => {
    expect(violationsWith(GROUP, {})).toEqual([]);
    expect(violationsWith(GROUP, rules({ ...HTTPS, source_address_prefix: '*' }))).toEqual([]);
  });

  it.each(BAD)('%s: finds a bad %s %j', (rule, type, change) => {
    const found = violationsWith(type, change);
    expect(found).toContainEqual(expect.stringMatching(new RegExp(`^${rule}.*\\.x(: r)?$`)));
    // A port that is open to all breaks two rules; nothing else breaks more than its own.
    if (![DATABASE_PORT, INTERNET].includes(rule)) expect(found).toHaveLength(1);
  });

  it.each([
    ['another port', { ...HTTPS, destination_port_range: '8443' }],
    ['a range beside it', { ...HTTPS, destination_port_range: '5433-6000' }],
    ['a denial', { ...HTTPS, access: 'Deny', destination_port_range: '*' }],
    ['traffic that leaves', { ...HTTPS, direction: 'Outbound', destination_port_range: '*' }],
    ['UDP of a named network', { ...HTTPS, protocol: 'Udp', destination_port_range: '5432' }],
  ])('lets a network rule for %s pass', (_what, rule) => {
    expect(violationsWith(GROUP, rules(rule))).toEqual([]);
  });

  it('has a bad fixture for each rule', () => {
    const tested = new Set(BAD.map(([rule]) => rule));
    const untested = AZURE_POLICY.filter(({ says }) => ![...tested].some((rule) => says.startsWith(rule)));
    expect(untested.map(({ says }) => says)).toEqual([]);
  });

  it('covers these rules of public scanners, and skips others with a reason', () => {
    const covered = AZURE_POLICY.flatMap(({ ids }) => ids).sort();
    expect(covered).toEqual([
      ...['AZU-0007', 'AZU-0008', 'AZU-0010', 'AZU-0011', 'AZU-0012', 'AZU-0013', 'AZU-0015', 'AZU-0016'],
      ...['AZU-0017', 'AZU-0037', 'AZU-0038', 'AZU-0039', 'AZU-0047', 'AZU-0048', 'AZU-0050', 'AZU-0056'],
      ...['AZU-0057', 'AZU-0059', 'AZU-0061', 'AZU-0074', 'AZU-0075'],
      ...[
        'CKV2_AZURE_21',
        'CKV2_AZURE_31',
        'CKV2_AZURE_38',
        'CKV2_AZURE_40',
        'CKV2_AZURE_41',
        'CKV2_AZURE_47',
      ],
      ...['CKV_AZURE_1', 'CKV_AZURE_10', 'CKV_AZURE_109', 'CKV_AZURE_110', 'CKV_AZURE_111', 'CKV_AZURE_114'],
      ...[
        'CKV_AZURE_118',
        'CKV_AZURE_149',
        'CKV_AZURE_160',
        'CKV_AZURE_178',
        'CKV_AZURE_179',
        'CKV_AZURE_189',
      ],
      ...['CKV_AZURE_190', 'CKV_AZURE_244', 'CKV_AZURE_251', 'CKV_AZURE_3', 'CKV_AZURE_34', 'CKV_AZURE_35'],
      ...['CKV_AZURE_36', 'CKV_AZURE_41', 'CKV_AZURE_42', 'CKV_AZURE_44', 'CKV_AZURE_45', 'CKV_AZURE_77'],
      'CKV_AZURE_9',
    ]);
    for (const { ids, because } of SKIPPED_RULES) {
      expect(because.length).toBeGreaterThan(30);
      for (const id of ids) expect(covered).not.toContain(id);
    }
  });
});

describe('every azure stack', () => {
  const ALL_PARTS = AZURE_PARTS.join(',');

  it.each([
    {},
    { TSDB_DEPLOY_ENVIRONMENT: 'prod' },
    { TSDB_DEPLOY_SSH_CIDRS: '198.51.100.0/24', TSDB_DEPLOY_API_CIDRS: '0.0.0.0/0' },
    { TSDB_DEPLOY_EXPOSURE: 'private', TSDB_DEPLOY_PARTS: ALL_PARTS },
    { TSDB_DEPLOY_PARTS: ALL_PARTS, TSDB_DEPLOY_PROTECT_DATA: 'false' },
  ])('keeps the policy: %j', (env) => {
    expect(violationsOf(synthesiseAzure(env).resource)).toEqual([]);
  });
});
