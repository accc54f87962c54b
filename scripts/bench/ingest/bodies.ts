// The bodies of HTTP requests: the rows in each format that the API takes.
import { sensorData } from '../../../db/schema/iot';
import { COLUMNS, type Row } from './rows';

/** A format of bodies, with what its requests say of it. */
export interface BodyFormat {
  readonly id: string;
  readonly title: string;
  readonly contentType: string;
  /** One body. */
  body(rows: readonly Row[]): string;
}

const isNumber = (column: (typeof COLUMNS)[number]): boolean =>
  sensorData.columns[column].type === 'double precision';

const objectOf = (row: Row): Readonly<Record<string, string | number>> =>
  Object.fromEntries(COLUMNS.map((name, at) => [name, isNumber(name) ? Number(row[at]) : String(row[at])]));

const FIELDS = COLUMNS.flatMap((name, at) => (isNumber(name) ? [{ name, at }] : []));

function lineOf(row: Row): string {
  const [time = '', sensor = ''] = row;
  const fields = FIELDS.map(({ name, at }) => `${name}=${row[at]}`).join(',');
  return `${sensorData.name},sensor_id=${sensor} ${fields} ${Date.parse(time)}000000`;
}

export const FORMATS: readonly BodyFormat[] = [
  {
    id: 'json',
    title: 'JSON',
    contentType: 'application/json',
    body: (rows) => JSON.stringify(rows.map(objectOf)),
  },
  {
    id: 'ndjson',
    title: 'NDJSON',
    contentType: 'application/x-ndjson',
    body: (rows) => rows.map((row) => JSON.stringify(objectOf(row))).join('\n'),
  },
  {
    id: 'line',
    title: 'line protocol',
    contentType: 'text/plain',
    body: (rows) => rows.map(lineOf).join('\n'),
  },
  {
    id: 'csv',
    title: 'CSV',
    contentType: 'text/csv',
    body: (rows) => [COLUMNS, ...rows].map((row) => row.join(',')).join('\n'),
  },
];
