import { RefusedError } from '../core/errors';
import { consequences, routes } from './moves';

const bare = { withoutIdentity: ['public.a', 'public.b'], columnar: [] };
const columnar = { withoutIdentity: [], columnar: ['public.old'] };
const NONE = { withoutIdentity: [], columnar: [] };

describe('consequences', () => {
  it('are none where everything can be replicated', () => {
    expect(consequences(NONE, 'auto')).toEqual([]);
    expect(consequences(NONE, 'force_logical')).toEqual([]);
  });

  it('refuse what would make updates fail, and name both ways out', () => {
    expect(() => consequences(bare, 'auto')).toThrow(RefusedError);
    expect(() => consequences(bare, 'auto')).toThrow(
      /2 tables without a primary key or replica identity \(public\.a, public\.b\).*REPLICA IDENTITY FULL.*--mode block_writes.*--mode force_logical/,
    );
  });

  it('say what writers notice in a mode that was chosen', () => {
    expect(consequences(bare, 'force_logical')).toEqual([
      expect.stringMatching(/^updates, deletes and INSERT … ON CONFLICT DO UPDATE of 2 tables .* fail/),
    ]);
    expect(consequences(bare, 'block_writes')).toEqual([
      'every write to a shard waits while that shard moves',
    ]);
    expect(consequences(columnar, 'auto')).toEqual([
      expect.stringMatching(/^inserts into 1 columnar table \(public\.old\) fail while their shard moves/),
    ]);
  });

  it('list some of many tables', () => {
    const many = Array.from({ length: 7 }, (_, at) => `public.t${at}`);
    expect(() => consequences({ ...NONE, withoutIdentity: many }, 'auto')).toThrow('public.t4, 2 more)');
  });
});

it('routes add up the moves with the same ends', () => {
  const [a, b, c] = [1, 2, 3].map((port) => ({ host: 'h', port })) as [never, never, never];
  const move = { table: 't', shard: '1', bytes: 10 };
  expect(
    routes([
      { ...move, from: a, to: b },
      { ...move, from: a, to: c },
      { ...move, from: a, to: b },
    ]),
  ).toEqual([
    { from: 'h:1', to: 'h:2', shards: 2, bytes: 20 },
    { from: 'h:1', to: 'h:3', shards: 1, bytes: 10 },
  ]);
});
