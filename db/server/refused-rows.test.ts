import type { Db } from '../model';
import { refusedRows } from './refused-rows';

// A database that only notes what it is told; `written` follows the savepoints.
function fakeTable(fails: (part: readonly number[]) => object | undefined) {
  const statements: string[] = [];
  const sent: (readonly number[])[] = [];
  const written: number[] = [];
  const db = { query: async (sql: string) => void statements.push(sql) } as unknown as Db;
  const write = async (part: readonly number[]): Promise<void> => {
    sent.push(part);
    const failure = fails(part);
    if (failure !== undefined) throw Object.assign(new Error('refused'), { severity: 'ERROR' }, failure);
    written.push(...part);
  };
  return { db, write, statements, sent, written };
}

async function refusedBy(table: ReturnType<typeof fakeTable>, rows: readonly number[]) {
  const refused: number[] = [];
  for await (const { row } of refusedRows(table.db, rows, table.write)) refused.push(row);
  return refused;
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n + 1);
const copyError = (part: readonly number[], wrong: (row: number) => boolean) => {
  const line = part.findIndex(wrong) + 1;
  return line === 0 ? undefined : { code: '22P02', where: `COPY sensor_data, line ${line}, column a: "x"` };
};

describe('refusedRows', () => {
  it('sends rows once when all are taken', async () => {
    const table = fakeTable(() => undefined);
    expect(await refusedBy(table, upTo(10))).toEqual([]);
    expect(table.sent).toEqual([upTo(10)]);
    expect(table.statements).toEqual(['SAVEPOINT tsdb', 'RELEASE SAVEPOINT tsdb']);
  });

  it('looks where the server points and writes all others', async () => {
    const table = fakeTable((part) => copyError(part, (row) => row === 7));
    expect(await refusedBy(table, upTo(10))).toEqual([7]);
    expect(table.sent).toEqual([upTo(10), [1, 2, 3, 4, 5, 6], [7], [8, 9, 10]]);
    expect(table.written).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10]);
  });

  it('finds many wrong rows', async () => {
    const table = fakeTable((part) => copyError(part, (row) => row % 400 === 0));
    expect(await refusedBy(table, upTo(2_000))).toEqual([400, 800, 1_200, 1_600, 2_000]);
    expect(table.written).toEqual(upTo(2_000).filter((row) => row % 400 !== 0));
  });

  it('halves where no line is named, or one that is not there', async () => {
    for (const where of [undefined, 'COPY t, line 0', 'COPY t, line 99']) {
      const table = fakeTable((part) => (part.includes(3) ? { code: '23503', where } : undefined));
      expect(await refusedBy(table, upTo(8))).toEqual([3]);
      expect([...table.written].sort()).toEqual([1, 2, 4, 5, 6, 7, 8]);
    }
  });

  it('refuses no row for the line that is named, only for its own failure', async () => {
    // Two rows that cannot both be there: the server may name either of them.
    const table = fakeTable((part) =>
      part.includes(2) && part.includes(5) ? copyError(part, (row) => row === 2) : undefined,
    );
    expect(await refusedBy(table, upTo(6))).toEqual([]);
  });

  it('sends smaller parts when an error has lost its code, and takes no such error for the fault of a row', async () => {
    const lost = { code: 'XX000', routine: 'ReportCopyError' };
    const told = fakeTable((part) =>
      part.includes(3) ? (part.length === 1 ? { code: '23514' } : lost) : undefined,
    );
    expect(await refusedBy(told, upTo(8))).toEqual([3]);
    expect([...told.written].sort()).toEqual([1, 2, 4, 5, 6, 7, 8]);
    const untold = fakeTable((part) => (part.includes(3) ? lost : undefined));
    await expect(refusedBy(untold, upTo(8))).rejects.toMatchObject(lost);
    const other = fakeTable((part) => (part.includes(3) ? { code: 'XX000' } : undefined));
    await expect(refusedBy(other, upTo(8))).rejects.toMatchObject({ code: 'XX000' });
    expect(other.sent).toEqual([upTo(8)]);
  });

  it('undoes and throws on what is not about rows', async () => {
    const table = fakeTable(() => ({ code: '42501' }));
    await expect(refusedBy(table, upTo(3))).rejects.toThrow('refused');
    expect(table.statements.at(-1)).toBe('ROLLBACK TO SAVEPOINT tsdb; RELEASE SAVEPOINT tsdb');
    const lost = fakeTable(() => ({ code: '23505', severity: undefined }));
    await expect(refusedBy(lost, upTo(3))).rejects.toThrow('refused');
  });
});
