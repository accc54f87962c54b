// What a preview shows, through the real command: the command that it prints imports the file as the preview shows it.
import { spawnSync } from 'node:child_process';
import { testServers } from '../../../db/local/test-servers';
import { iot } from '../../../db/schema/iot';
import { startTsdb } from '../../testing/command-line';
import { Importing, utc } from '../testing/importing';
import type { Preview } from './preview';

/** The words of a command behind "import". */
function wordsOf(command: string): readonly string[] {
  const rest = command.slice(command.indexOf(' import ') + ' import '.length);
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${rest}`], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}

// Recent days, because the table keeps rows for 90 days only.
const day = (back: number): Date =>
  new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth(), 13 - back));
const iso = (at: Date): string => at.toISOString().slice(0, 10);
const german = (at: Date): string => iso(at).split('-').reverse().join('.');
/** The first day of a month, and the 13th of it, which no month has as its number. */
const FIRST = day(12);
const THIRTEENTH = day(0);

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'preview on %s',
  (_, server) => {
    const importing = new Importing(server, [iot]);

    beforeAll(() => importing.begin());
    beforeEach(() => importing.select('TRUNCATE public.sensor_data; TRUNCATE tsdb.import CASCADE'));
    afterAll(() => importing.end());

    const stored = () =>
      importing.select<Record<string, unknown>>(
        `SELECT ${utc('time')} AS time, sensor_id, temperature::text FROM public.sensor_data ORDER BY time, sensor_id`,
      );
    const preview = async (file: string, ...flags: readonly string[]) => {
      const { code, stdout, stderr } = await importing.command(
        file,
        '--table',
        'sensor_data',
        '--preview',
        '--json',
        ...flags,
      );
      expect(stderr).toBe('');
      expect(await stored()).toEqual([]);
      expect(await importing.select('SELECT FROM tsdb.import')).toEqual([]);
      return { code, ...(JSON.parse(stdout) as Preview) };
    };

    it.each<
      [
        string,
        string | Buffer,
        readonly string[],
        Partial<Preview>,
        readonly string[],
        readonly (readonly string[])[],
      ]
    >([
      [
        'a file of a German spreadsheet',
        Buffer.from(
          `Zeit;SENSOR_ID;Temperature ;Bemerkung\r\n${german(THIRTEENTH)} 10:00;büro;"21,5";x\r\n${german(THIRTEENTH)} 11:00;büro;22,25;\r\n`,
          'latin1',
        ),
        [],
        { encoding: 'windows-1252', delimiter: ';', decimal: ',', header: true },
        [
          '--encoding windows-1252',
          "--delimiter ';'",
          '--decimal ,',
          '--map time=Zeit',
          "--time-format 'DD.MM.YYYY HH:mm'",
        ],
        [
          [`${iso(THIRTEENTH)}T10:00:00.000000Z`, 'büro', '21.5'],
          [`${iso(THIRTEENTH)}T11:00:00.000000Z`, 'büro', '22.25'],
        ],
      ],
      [
        'UTF-16 with tabs',
        Buffer.from(`\uFEFFtime\tsensor_id\ttemperature\n${iso(THIRTEENTH)} 10:00\tnaïve €\t1\n`, 'utf16le'),
        [],
        { encoding: 'utf-16le', delimiter: '\t', decimal: '.', header: true },
        ['--delimiter tab'],
        [[`${iso(THIRTEENTH)}T10:00:00.000000Z`, 'naïve €', '1']],
      ],
      [
        'a file that needs nothing',
        `time,sensor_id,temperature\n${iso(THIRTEENTH)},a,1\n`,
        [],
        { encoding: 'utf-8', delimiter: ',', decimal: '.', header: true },
        [],
        [[`${iso(THIRTEENTH)}T00:00:00.000000Z`, 'a', '1']],
      ],
      [
        'times since 1970 in NDJSON, and a zone of the flags',
        `{"ts":${THIRTEENTH.getTime()},"sensor_id":"a","temperature":1,"extra":{}}\n`,
        ['--format', 'ndjson', '--zone', 'Europe/Berlin'],
        { encoding: 'utf-8', delimiter: null, decimal: null, header: null, zone: 'Europe/Berlin' },
        ['--map time=ts', '--time-format unix-ms', '--zone Europe/Berlin'],
        [[`${iso(THIRTEENTH)}T00:00:00.000000Z`, 'a', '1']],
      ],
      [
        'a wide file',
        `time,t_a,t_b\n${iso(THIRTEENTH)},1,2\n`,
        ['--melt', 't_*', '--melt-name', 'sensor_id', '--melt-value', 'temperature', '--melt-prefix', 't_'],
        { header: true },
        ["--melt 't_*' --melt-name sensor_id --melt-value temperature --melt-prefix t_"],
        [
          [`${iso(THIRTEENTH)}T00:00:00.000000Z`, 'a', '1'],
          [`${iso(THIRTEENTH)}T00:00:00.000000Z`, 'b', '2'],
        ],
      ],
    ])('shows %s, and its command imports it so', async (name, content, flags, facts, inCommand, rows) => {
      const file = importing.write(`it's ${name.length}.csv`, content);
      const { code, choices, ...shown } = await preview(file, ...flags);
      expect({ code, problems: shown.problems }).toEqual({ code: 0, problems: [] });
      expect(shown).toMatchObject(facts);
      expect(choices).toHaveLength(1);
      const [{ command, rows: first } = { command: '', rows: [] }] = choices;
      for (const text of inCommand) expect(command).toContain(text);
      const expected = rows.map(([time, sensor_id, temperature]) => ({ time, sensor_id, temperature }));
      expect(first.map(({ time, sensor_id, temperature }) => ({ time, sensor_id, temperature }))).toEqual(
        expected,
      );
      const { code: imported, stderr } = await importing.command(
        ...(wordsOf(command) as [string, ...string[]]),
      );
      expect({ imported, stderr }).toMatchObject({ imported: 0 });
      expect(await stored()).toEqual(expected);
    });

    it('refuses an ambiguous file, and shows both readings with the command of each', async () => {
      const [dd, mm, yyyy] = german(FIRST).split('.') as [string, string, string];
      const file = importing.write(
        'unclear.csv',
        `time,sensor_id,temperature\n${dd}.${mm}.${yyyy} 10:00:00,a,1\n`,
      );
      const { code, stderr } = await importing.command(file, '--table', 'sensor_data');
      expect(code).toBe(1);
      expect(stderr).toContain('nothing was imported');
      expect(stderr).toContain(`${yyyy}-${mm}-${dd}T10:00:00Z (DD.MM.YYYY HH:mm:ss)`);
      expect(stderr).toContain(`${yyyy}-${dd}-${mm}T10:00:00Z (MM.DD.YYYY HH:mm:ss)`);
      const shown = await preview(file);
      expect(shown).toMatchObject({
        code: 2,
        problems: [expect.stringMatching(/column time: .* and no text of the file says which/)],
        choices: [
          { rows: [{ time: `${yyyy}-${mm}-${dd}T10:00:00.000000Z` }] },
          { rows: [{ time: `${yyyy}-${dd}-${mm}T10:00:00.000000Z` }] },
        ],
      });
      for (const { command } of shown.choices) expect(stderr).toContain(command);
      const [{ command } = { command: '' }] = shown.choices;
      expect((await importing.command(...(wordsOf(command) as [string, ...string[]]))).code).toBe(0);
      expect(await stored()).toMatchObject([{ time: `${yyyy}-${mm}-${dd}T10:00:00.000000Z` }]);
    });

    it('reads the file to its last row to find out which reading is right', async () => {
      const unclear = Array.from({ length: 60_000 }, () => `${german(FIRST)} 10:00,a,1`);
      const file = importing.write(
        'late.csv',
        `time,sensor_id,temperature\n${[...unclear, `${german(THIRTEENTH)} 10:00,a,1`].join('\n')}\n`,
      );
      const shown = await preview(file);
      expect(shown).toMatchObject({ code: 0, problems: [] });
      expect(shown.choices.map(({ command }) => command)).toEqual([
        expect.stringMatching(/--time-format 'DD\.MM\.YYYY HH:mm'$/),
      ]);
      const { code, stderr } = await importing.command(file, '--table', 'sensor_data');
      expect(code).toBe(1);
      expect(stderr.trimEnd()).toMatch(/--time-format 'DD\.MM\.YYYY HH:mm'$/);
      expect(stderr).not.toContain('MM.DD');
      expect(await stored()).toEqual([]);
    });

    it('says what is missing, and proposes to melt a wide file', async () => {
      const file = importing.write('wide.csv', `date,roof,cellar\n${iso(THIRTEENTH)},21.5,12\n`);
      const shown = await preview(file);
      expect(shown).toMatchObject({
        code: 2,
        problems: [
          expect.stringMatching(/nothing fills sensor_id.*--melt 'roof,cellar' --melt-name sensor_id/),
        ],
        choices: [{ command: expect.stringContaining('--map time=date'), rows: [] }],
      });
    });

    it('names refused rows, ignored fields and columns without a value, as text', async () => {
      const file = importing.write(
        'odd.csv',
        `time,sensor_id,temperature,note\n${iso(THIRTEENTH)},a,1,\n${iso(THIRTEENTH)},a,warm,\n`,
      );
      const { code, stdout } = await importing.command(file, '--table', 'sensor_data', '--preview');
      expect(code).toBe(2);
      expect(stdout).toContain('field without a column, left out: note');
      expect(stdout).toMatch(/humidity +nothing/);
      expect(stdout).toContain('looked at: 2 rows, refused: 1');
      expect(stdout).toMatch(/1 of the first 2 rows are refused; line 3: column temperature/);
      expect(stdout).toContain(`${iso(THIRTEENTH)}T00:00:00.000000Z  a          1`);
    });

    it('looks at standard input', async () => {
      const running = startTsdb(['import', '-', '--table', 'sensor_data', '--preview', '--json'], {
        env: { DATABASE_URL: importing.database.url },
        options: { stdio: ['pipe', 'pipe', 'pipe'] },
      });
      running.process.stdin?.end(`time;sensor_id\n${iso(THIRTEENTH)};a\n`);
      const { stdout } = await running.finished;
      expect(JSON.parse(stdout)).toMatchObject({
        file: '-',
        delimiter: ';',
        choices: [{ command: expect.stringMatching(/import - --table sensor_data --delimiter ';'$/) }],
      });
    });
  },
);
