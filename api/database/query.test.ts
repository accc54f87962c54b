import type { Pool } from 'pg';
import { query } from './query';

function poolThatFails(...codes: string[]): { pool: Pool; runs: () => number } {
  let runs = 0;
  const run = async () => {
    const code = codes[runs++];
    if (code) throw Object.assign(new Error(code), { code });
    return { rows: [{ one: 1 }] };
  };
  return { pool: { query: run } as unknown as Pool, runs: () => runs };
}

describe('query', () => {
  it('asks once more when the connection was lost', async () => {
    const { pool, runs } = poolThatFails('57P01');
    expect(await query(pool, 'SELECT 1')).toEqual([{ one: 1 }]);
    expect(runs()).toBe(2);
  });

  it('gives up after the second loss', async () => {
    const { pool, runs } = poolThatFails('ECONNRESET', '57P01', '57P01');
    await expect(query(pool, 'SELECT 1')).rejects.toMatchObject({ code: '57P01' });
    expect(runs()).toBe(2);
  });

  it.each(['57014', '42P01', 'ECONNREFUSED'])('does not repeat a query that failed with %s', async (code) => {
    const { pool, runs } = poolThatFails(code);
    await expect(query(pool, 'SELECT 1')).rejects.toMatchObject({ code });
    expect(runs()).toBe(1);
  });
});
