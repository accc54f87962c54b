import fc from 'fast-check';
import { endOfPage, type Page, questionOf, readPosition, requestedPage, writePosition } from './pages';

const T1 = '2026-11-20T00:00:00.000001Z';
const T2 = '2026-11-20T00:00:00.000002Z';
const T3 = '2026-11-20T00:00:03Z';

describe('cursors', () => {
  it('come back as they went', () => {
    const cursor = writePosition('/a?b=1', { time: T1, skip: 3 });
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(readPosition('/a?b=1', cursor)).toEqual({ time: T1, skip: 3 });
  });

  it('keep their text, as clients hold them', () => {
    const cursor =
      'eyJ0aW1lIjoiMjAyNi0xMS0yMFQwMDowMDowMC4wMDAwMDFaIiwic2tpcCI6Mywib2YiOiJTSWhON0g0LXBDeVpXLVVhIn0';
    expect(writePosition('/a?b=1', { time: T1, skip: 3 })).toBe(cursor);
    expect(readPosition('/a?b=1', cursor)).toEqual({ time: T1, skip: 3 });
  });

  it('serve no other question', () => {
    expect(() => readPosition('/a?b=2', writePosition('/a?b=1', { time: T1, skip: 0 }))).toThrow(
      'The cursor belongs to another request',
    );
  });

  it('are refused when damaged, whatever they hold', () => {
    const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const damaged = [
      '',
      'x',
      forged(null),
      forged([]),
      forged({ time: 'x', skip: 0, of: 'x' }),
      forged({ time: T1, skip: -1, of: 'x' }),
      forged({ time: T1, skip: 1e9, of: 'x' }),
      forged({ time: `${T1} `, skip: 0, of: 'x' }),
      writePosition('/a', { time: T1, skip: 0 }).slice(0, -8),
    ];
    for (const text of damaged) expect(() => readPosition('/a', text)).toThrow('The cursor is damaged');
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => readPosition('/a', text)).toThrow(expect.objectContaining({ problem: 'bad-cursor' }));
      }),
    );
  });
});

describe('questionOf', () => {
  it('leaves out what may differ from page to page, and the order of parameters', () => {
    expect(questionOf('/a?limit=5&b=2&a=1&cursor=x&format=csv')).toBe(questionOf('/a?a=1&b=2'));
    expect(questionOf('/a?b=2')).not.toBe(questionOf('/a?b=3'));
    expect(questionOf('/a')).not.toBe(questionOf('/b'));
  });
});

describe('endOfPage', () => {
  it.each([
    [[T1, T2, T3], undefined, { time: T3, skip: 1 }],
    [[T1, T3, T3], undefined, { time: T3, skip: 2 }],
    [[T3, T3], { time: T3, skip: 2 }, { time: T3, skip: 4 }],
    [[T3, T3], { time: T1, skip: 2 }, { time: T3, skip: 2 }],
    [[T1, T3], { time: T1, skip: 2 }, { time: T3, skip: 1 }],
  ])('of %j from %j is %j', (times, start, end) => expect(endOfPage(times, start)).toEqual(end));
});

describe('requestedPage', () => {
  it('walks over any ties without losing or doubling a row', () => {
    const ticks = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 });
    fc.assert(
      fc.property(ticks, fc.integer({ min: 1, max: 7 }), (times, limit) => {
        const rows = times.sort().map((tick, id) => ({ time: `2026-11-20T00:00:0${tick}Z`, id }));
        const seen: number[] = [];
        let cursor: string | null = null;
        do {
          const page = requestedPage('/q', { limit, ...(cursor === null ? {} : { cursor }) }, 1_000);
          const { after } = page;
          // What the database does: rows from the time on, without those of it that were sent.
          const found: readonly { time: string; id: number }[] = rows
            .filter(({ time }) => after === undefined || time >= after.time)
            .slice(after?.skip ?? 0)
            .slice(0, page.limit);
          const { data, next }: Page<{ id: number }> = page.cut(found, ({ time }) => time, 'less');
          seen.push(...Array.from(data, ({ id }) => id));
          cursor = next;
        } while (cursor !== null);
        expect(seen).toEqual(rows.map(({ id }) => id));
      }),
    );
  });
});
