// A preview as text for a terminal.
import { counted, wordFor } from '../../../db/core/quantities';
import { table } from '../../output';
import type { Preview, PreviewChoice } from './preview';

const DELIMITER_NAMES: Readonly<Record<string, string>> = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
  '|': 'bar',
};

/** The whole preview. */
export function describePreview(preview: Preview): string {
  const { problems, choices } = preview;
  return [
    ...describeFile(preview),
    ...choices.flatMap((choice, at) => [
      '',
      ...(choices.length > 1 ? [`reading ${at + 1} of ${choices.length}`] : []),
      ...describeChoice(choice),
    ]),
    ...(problems.length > 0
      ? ['', 'to decide or to change:', ...problems.map((problem) => `  ${problem}`)]
      : []),
    '',
    ending(preview),
    ...choices.map(({ command }) => `  ${command}`),
  ].join('\n');
}

function describeFile({
  file,
  table: name,
  format,
  encoding,
  delimiter,
  decimal,
  header,
  zone,
}: Preview): string[] {
  const facts: [string, string][] = [
    ['file', file],
    ['table', name],
    ['format', format],
    ['encoding', encoding],
  ];
  if (delimiter !== null) facts.push(['delimiter', DELIMITER_NAMES[delimiter] ?? delimiter]);
  if (decimal !== null) facts.push(['decimal', decimal === ',' ? 'comma' : 'point']);
  if (header !== null) facts.push(['header', header ? 'first line' : 'none']);
  facts.push(['zone', `${zone}, for times without an offset; --zone names another one`]);
  return facts.map(([fact, value]) => `${fact.padEnd(10)} ${value}`);
}

function describeChoice({ columns, timeFormats, ignored, rows, looked, refused }: PreviewChoice): string[] {
  const names = Object.keys(columns);
  if (names.length === 0) return ['the file cannot be read in this way'];
  const mapping = names.map((name) => [
    name,
    columns[name] ?? 'nothing',
    timeFormats[name] === undefined ? '' : `time format ${timeFormats[name]}`,
  ]);
  const shown = names.filter((name) => columns[name] !== null);
  return [
    table(['column', 'filled by', ''], mapping),
    ...(ignored.length > 0
      ? [`${wordFor(ignored.length, 'field', 'fields')} without a column, left out: ${ignored.join(', ')}`]
      : []),
    '',
    `first rows as they would be stored (looked at: ${counted(looked, 'row')}, refused: ${refused}):`,
    table(
      shown,
      rows.map((row) => shown.map((name) => oneLine(row[name] ?? null))),
    ),
  ];
}

const MOST_CHARACTERS = 40;

function oneLine(text: string | null): string {
  if (text === null) return 'null';
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line;
}

function ending({ problems, choices }: Preview): string {
  if (choices.length > 1) return 'run the command whose reading is right:';
  return problems.length > 0
    ? 'the command, once that is done:'
    : 'nothing was written; to import the file, run:';
}
