import { text, timestamptz } from '../../language/columns';
import type { Desired } from '../../language/desired';
import { desiredFrom } from '../../language/desired';
import { type Columnstore, type Hypertable, hypertable } from '../../language/hypertable';
import { desc } from '../../language/indexes';
import { schemaSet } from '../../language/schema-set';
import type { Impact } from '../../model';
import { columnstore, undeclaredColumnstore } from './columnstore';
import type { ColumnstoreState } from './columnstore-state';

const at = { column: 'at', descending: true } as const;

function desired(declared?: Columnstore<'at' | 'device'>): Desired {
  const table: Hypertable = hypertable('plant.metric', {
    columns: { at: timestamptz().notNull(), device: text().notNull() },
    time: 'at',
    chunkInterval: '1 day',
    ...(declared ? { columnstore: declared } : {}),
  });
  return desiredFrom([schemaSet('plant', [table])]);
}

const actual: ColumnstoreState = {
  relation: 'plant.metric',
  enabled: true,
  segmentBy: ['device'],
  orderBy: ['at'],
  descending: [true],
  nullsFirst: [true],
  chunks: [],
};

const ids = (declared: Columnstore<'at' | 'device'>, states: readonly ColumnstoreState[], chunks?: Impact) =>
  columnstore
    .compare(desired(declared), {
      states,
      impact: new Map(chunks ? [['plant.metric', chunks]] : []),
      frozen: new Map(),
    })
    .steps?.map(({ id }) => id);

describe('columnstore', () => {
  const after = '7 days';

  it('takes an order for the declared one when the server only added the time column', () => {
    const completed = {
      ...actual,
      segmentBy: [],
      orderBy: ['device', 'at'],
      descending: [false, true],
      nullsFirst: [false, true],
    };
    const orderBy = [{ column: 'device', descending: false } as const];
    expect(ids({ segmentBy: [], orderBy, after }, [completed])).toEqual([]);
    expect(ids({ segmentBy: [], orderBy: [...orderBy, at], after }, [completed])).toEqual([]);
  });

  it('leaves an order that is not declared to the server', () => {
    expect(ids({ segmentBy: ['device'], orderBy: [], after }, [actual])).toEqual([]);
    const [step] =
      columnstore.compare(desired({ segmentBy: ['device'], orderBy: [], after }), {
        states: [],
        impact: new Map(),
        frozen: new Map(),
      }).steps ?? [];
    expect(step?.sql[0]).not.toContain('orderby');
  });

  it('sees another place of NULL as another layout', () => {
    expect(
      ids({ segmentBy: ['device'], orderBy: [desc('at')], after }, [{ ...actual, nullsFirst: [false] }]),
    ).toEqual(['columnstore:plant.metric']);
  });

  it('says when converting takes long', () => {
    const { steps } = columnstore.compare(desired({ segmentBy: ['device'], orderBy: [desc('at')], after }), {
      states: [actual],
      impact: new Map([['plant.metric', { chunks: 900, rows: 4e9, bytes: 3e11 }]]),
      frozen: new Map(),
    });
    expect(steps?.[0]?.hazards.map(({ name }) => name)).toEqual(['rewrites-data', 'long-running']);
  });

  it('turns chunks into rows before it switches columnstore off', () => {
    const { steps } = undeclaredColumnstore.compare(desired(), {
      states: [actual],
      impact: new Map([['plant.metric', { chunks: 1, rows: 10, bytes: 8192 }]]),
      frozen: new Map(),
    });
    expect(steps?.map(({ id }) => id)).toEqual([
      'columnstore-rows:plant.metric',
      'columnstore-off:plant.metric',
    ]);
  });
});
