// Which findings of scanners are accepted, and that each entry of the list has a reason.
import { AZURE_PARTS } from '../../../infra/core/settings/azure';
import { ACCEPTED, judge } from './accepted';
import { VARIANTS } from './stack-copies';

const finding = (rule: string, where: string) => ({ rule, where, says: 'something' });

describe('judge', () => {
  it('accepts what the list of its own stack names, and nothing of another', () => {
    const skipped = finding('CKV_AZURE_50', 'default/azure resource.database_machine_57DEC0DF');
    const other = finding('CKV_AZURE_50', 'default/kubernetes resource.x');
    expect(judge('checkov', [skipped, other])).toMatchObject({ open: [other], accepted: [skipped] });
  });

  it('accepts a rule of the stack with a replicating database as one of the kubernetes stack', () => {
    expect(judge('checkov', [finding('CKV_K8S_11', 'everything/kubernetes-ha resource.x')]).open).toEqual([]);
  });

  it('accepts an entry only at its place and for its scanner', () => {
    const name = 'infra/azure/machine/release/lib.sh';
    const found = [finding('SC2034', `${name}:10`), finding('SC2034', 'scripts/x.sh:1')];
    expect(judge('shellcheck', found).open).toEqual([found[1]]);
    expect(judge('zizmor', found).open).toEqual(found);
  });

  it('names entries that match nothing any more', () => {
    const unused = (...found: ReturnType<typeof finding>[]) =>
      judge('zizmor', found).unused.map(({ rule }) => rule);
    expect(unused()).toEqual(['dangerous-triggers', 'self-repository']);
    expect(unused(finding('self-repository', '.github/workflows/x.yml:1'))).toEqual(['dangerous-triggers']);
  });
});

describe('the stacks that are scanned', () => {
  it('have every part of the azure stack', () =>
    expect(VARIANTS.everything?.TSDB_DEPLOY_PARTS?.split(',')).toEqual([...AZURE_PARTS]));
});

describe('the list', () => {
  it('gives a reason for each entry, and says no entry twice', () => {
    for (const { because } of ACCEPTED) expect(because.length).toBeGreaterThan(30);
    const keys = ACCEPTED.map(({ scanner, rule, where }) => [scanner, rule, where].join(' '));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
