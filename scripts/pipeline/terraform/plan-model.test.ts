import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataLosses, guard, requireFound } from './plan-guard';
import { formatInfrastructurePlan } from './plan-markdown';
import { parsePlan } from './plan-model';

// What `terraform show -json` said about a plan with one resource of each fate.
const recorded = readFileSync(join(__dirname, '..', 'testing', 'recorded-plan.json'), 'utf8');
const DATA = { terraform_data: 'something dear' };

interface Raw {
  resource_changes: { address: string; change: { actions: string[]; before: unknown; after: unknown } }[];
  [name: string]: unknown;
}
const edited = (edit: (plan: Raw) => void): string => {
  const plan = JSON.parse(recorded) as Raw;
  edit(plan);
  return JSON.stringify(plan);
};

describe('parsePlan', () => {
  it('tells the fate of each resource that does not stay as it is', () => {
    const { changes, outputs, drift } = parsePlan(recorded);
    expect(changes.map(({ address, kind }) => `${kind} ${address}`)).toEqual([
      'replace terraform_data.disk',
      'create terraform_data.fresh["a|b `c`"]',
      'delete terraform_data.gone',
      'forget terraform_data.left',
      'none terraform_data.renamed',
      'update terraform_data.vm',
    ]);
    expect(changes.find(({ kind }) => kind === 'none')).toMatchObject({ movedFrom: 'terraform_data.old' });
    expect(changes.find(({ kind }) => kind === 'replace')?.attributes).toEqual(['triggers_replace']);
    expect(changes.find(({ kind }) => kind === 'update')?.attributes).toEqual(['input', 'output']);
    expect(outputs).toEqual(['api_url']);
    expect(drift).toEqual([]);
  });

  it.each([
    ['no plan', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['{}', 'format_version'],
    [edited((plan) => Object.assign(plan, { format_version: '2.0' })), 'format_version is "2.0"'],
    [edited((plan) => Object.assign(plan, { errored: true })), 'failed'],
    [
      edited(({ resource_changes: [first] }) => Object.assign(first?.change ?? {}, { actions: ['melt'] })),
      'not known: "melt"',
    ],
  ])('refuses %.40s', (text, reason) => expect(() => parsePlan(text)).toThrow(reason));
});

describe('the guard', () => {
  const losses = dataLosses(parsePlan(recorded), DATA);

  it('finds what was not found and would begin empty, but nothing that is made for the first time', () => {
    const made = edited((plan) => {
      const change = plan.resource_changes.find(({ change }) => change.actions[0] === 'create');
      Object.assign(change ?? {}, { type: 'kubernetes_persistent_volume_claim_v1' });
    });
    expect(dataLosses(parsePlan(made))).toEqual([]);
    const again = JSON.parse(made) as Raw;
    const created = again.resource_changes.find(({ change }) => change.actions[0] === 'create');
    again.resource_drift = [{ ...created, change: { actions: ['delete'], before: {}, after: null } }];
    const found = dataLosses(parsePlan(JSON.stringify(again)));
    expect(found).toMatchObject([{ change: { kind: 'create' }, lost: 'the database or its backups' }]);
    expect(() => guard(found, [])).toThrow(
      /which was not found: it would begin empty, without the database(.|\n)*is this the right cluster/,
    );
    expect(() => guard(found, [created?.address ?? ''])).not.toThrow();
  });

  it('lets no removal forget what holds data and was not found', () => {
    const plan = parsePlan(recorded);
    expect(() => requireFound(plan)).not.toThrow();
    const gone = { address: 'kubernetes_namespace_v1.ns', type: 'kubernetes_namespace_v1', kind: 'delete' };
    expect(() => requireFound({ ...plan, drift: [{ ...gone, kind: 'delete', attributes: [] }] })).toThrow(
      /kubernetes_namespace_v1\.ns\nis this the right cluster and subscription\?/,
    );
  });

  it('finds deletions and replacements of what holds data, and nothing else', () => {
    expect(losses.map(({ change }) => change.address)).toEqual([
      'terraform_data.disk',
      'terraform_data.gone',
    ]);
    expect(dataLosses(parsePlan(recorded))).toEqual([]);
    // A type is looked up, not a property that every object has.
    const named = edited((plan) => {
      for (const resource of plan.resource_changes) Object.assign(resource, { type: 'constructor' });
    });
    expect(dataLosses(parsePlan(named), DATA)).toEqual([]);
  });

  it('names what it refuses and how to consent', () => {
    expect(() => guard(losses, ['terraform_data.disk'])).toThrow(
      "delete terraform_data.gone: something dear would be lost\nchange the declaration back, or consent with --allow 'terraform_data.gone'",
    );
    expect(() => guard(losses, [])).toThrow(expect.objectContaining({ exitCode: 3 }));
    expect(() => guard(losses, ['terraform_data.disk', 'terraform_data.gone'])).not.toThrow();
  });

  it('takes no consent to what the plan does not do', () =>
    expect(() => guard(losses, ['terraform_data.vm'])).toThrow('takes away no data with terraform_data.vm'));
});

describe('formatInfrastructurePlan', () => {
  const page = (text: string, allowed: readonly string[] = []): string => {
    const plan = parsePlan(text);
    return formatInfrastructurePlan({ title: 'Plan', plan, losses: dataLosses(plan, DATA), allowed });
  };

  it('shows the loudest first, and no value', () => {
    expect(page(recorded)).toBe(`### Plan

1 to **destroy**, 1 to **replace**, 1 to **forget**, 1 to change, 1 to create, 1 to move

> [!CAUTION]
> This plan takes data away. **This plan is refused.**

| | resource | lost | consent |
|---|---|---|---|
| **replace** | \`terraform_data.disk\` | something dear | **missing** |
| **destroy** | \`terraform_data.gone\` | something dear | **missing** |

| | resource | what changes |
|---|---|---|
| **destroy** | \`terraform_data.gone\` |  |
| **replace** | \`terraform_data.disk\` | because of \`triggers_replace\` |
| **forget** | \`terraform_data.left\` |  |
| change | \`terraform_data.vm\` | \`input\`, \`output\` |
| create | \`terraform_data.fresh["a\\|b c"]\` |  |
| move | \`terraform_data.renamed\` | was \`terraform_data.old\` |

Outputs that change: \`api_url\`

Fingerprint \`${parsePlan(recorded).fingerprint.slice(0, 16)}\`
`);
  });

  it('says what is consented to', () => {
    expect(page(recorded, ['terraform_data.disk'])).toContain('This plan is refused');
    expect(page(recorded, ['terraform_data.disk', 'terraform_data.gone'])).toContain('consented to by name');
  });

  it('says when there is nothing, and what was changed outside', () => {
    const empty = edited((plan) =>
      Object.assign(plan, {
        resource_changes: [],
        output_changes: {},
        resource_drift: plan.resource_changes.filter(({ address }) => /vm|gone/.test(address)),
      }),
    );
    expect(page(empty)).toContain('Nothing to change.\n\n**Changed outside of Terraform**');
    expect(page(empty)).toContain(
      '- `terraform_data.gone` is gone\n- `terraform_data.vm` was changed: `input`',
    );
  });
});
