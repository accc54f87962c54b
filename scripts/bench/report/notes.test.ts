import { sampleReport } from '../testing/sample-report';
import { notesOf } from './notes';

const { servers } = sampleReport;
const quiet = { cores: 2, loadBefore: 0.4 };

it('warns when others worked before anything was measured', () => {
  expect(notesOf({ cores: 2, loadBefore: 1.2 }, servers)[0]).toMatch(
    /^Other work shared the machine: load 1\.20 on 2/,
  );
  expect(notesOf(quiet, servers).join(' ')).not.toContain('Other work');
});

it('names programs that were missing, once', () => {
  const found = notesOf(quiet, servers).filter((note) => note.startsWith('Not measured'));
  expect(found).toEqual(['Not measured, because it is not installed: timescaledb-parallel-copy.']);
});

it('explains only what was measured', () => {
  const [first] = servers;
  const notes = notesOf(quiet, first ? [{ ...first, ingest: undefined, api: undefined } as never] : []).join(
    '\n',
  );
  expect(notes).toMatch(/^Queries:/m);
  expect(notes).toMatch(/^Compression:/m);
  expect(notes).not.toMatch(/^(Ingest|API):/m);
});
