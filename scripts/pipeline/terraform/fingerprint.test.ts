import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePlan } from './plan-model';

// What `terraform show -json` said about a plan with one resource of each fate.
const recorded = readFileSync(join(__dirname, '..', 'testing', 'recorded-plan.json'), 'utf8');

type Bag = Record<string, unknown>;
interface Change extends Bag {
  before: Bag;
  after: Bag;
}
interface Raw {
  resource_changes: { address: string; change: Change; [name: string]: unknown }[];
  output_changes: Bag;
}

/** The fingerprint after edits of the plan as a whole and of one of its resources. */
function fingerprint(edit: (plan: Raw) => void = () => undefined): string {
  const plan = JSON.parse(recorded) as Raw;
  edit(plan);
  return parsePlan(JSON.stringify(plan)).fingerprint;
}
const of = (name: string, edit: (change: Change) => void) => (plan: Raw) =>
  edit(plan.resource_changes.find(({ address }) => address === `terraform_data.${name}`)?.change as Change);

describe('the fingerprint of a plan stays', () => {
  it.each<[string, (plan: Raw) => void]>([
    ['resources in another order', (plan) => plan.resource_changes.reverse()],
    [
      'outputs in another order',
      (plan) => {
        plan.output_changes = Object.fromEntries(Object.entries(plan.output_changes).reverse());
      },
    ],
    [
      'a value that the cloud counts up while it stays',
      of('vm', (change) => {
        change.before = { ...change.before, etag: '2', status: [{ ready: 2 }] };
        change.after = { ...change.after, etag: '2', status: [{ ready: 2 }] };
      }),
    ],
    [
      'a value that was another one before it is changed',
      of('vm', (change) => {
        change.before = { ...change.before, input: { size: 'xs' } };
      }),
    ],
    [
      'unknown values that are in longer lists',
      of('vm', (change) => {
        change.after_unknown = { ...(change.after_unknown as Bag), status: [{}, { conditions: [false] }] };
      }),
    ],
  ])('%s', (_what, edit) => expect(fingerprint(edit)).toBe(fingerprint()));

  // Terraform prints these paths in an order that differs from one printing of the same plan to the next.
  it('reasons of a replacement in another order', () => {
    const because = (...paths: readonly string[]) =>
      fingerprint(
        of('disk', (change) => {
          change.replace_paths = paths.map((path) => [path]);
        }),
      );
    expect(because('zone', 'name')).toBe(because('name', 'zone'));
    expect(because('zone', 'name')).not.toBe(because('zone'));
  });
});

describe('the fingerprint of a plan is another one', () => {
  it.each<[string, (plan: Raw) => void]>([
    ['fewer resources', (plan) => plan.resource_changes.pop()],
    [
      'a resource gets another value',
      of('vm', (change) => {
        change.after = { ...change.after, input: { size: 'xl' } };
      }),
    ],
    [
      'a value that was changed by hand is changed back',
      of('vm', (change) => {
        change.before = { ...change.before, triggers_replace: 'by hand' };
      }),
    ],
    [
      'a value is taken away',
      of('vm', (change) => {
        change.before = { ...change.before, tag: 'a' };
        change.after = { ...change.after, tag: null };
      }),
    ],
    [
      'a new object has another value that its predecessor had as well',
      of('disk', (change) => {
        change.before = { ...change.before, region: 'north' };
        change.after = { ...change.after, region: 'north' };
      }),
    ],
    [
      'a value becomes known only later',
      of('vm', (change) => {
        change.after_unknown = { ...(change.after_unknown as Bag), input: true };
      }),
    ],
    [
      'another object is deleted under the same address',
      of('gone', (change) => {
        change.before = { ...change.before, id: 'another' };
      }),
    ],
    [
      'a resource stays instead of being deleted',
      of('gone', (change) => {
        change.actions = ['no-op'];
      }),
    ],
    [
      'a resource is taken into the state',
      of('vm', (change) => {
        change.importing = { id: 'x' };
      }),
    ],
    [
      'a move',
      (plan) => {
        for (const resource of plan.resource_changes) delete resource.previous_address;
      },
    ],
    [
      'an output that changes',
      (plan) => {
        plan.output_changes.another = { actions: ['create'] };
      },
    ],
  ])('%s', (_what, edit) => expect(fingerprint(edit)).not.toBe(fingerprint()));
});
