// Where local buckets begin, against a clock that is read minute by minute.
import { parseWidth } from '../../http/durations';
import { bucketsOver, startsOf } from '../buckets';
import { starts, type Width } from '../testing/oracle';
import { zoneNamed } from './zones';

const DAY = 86_400_000;
const WIDTHS: readonly (readonly [string, Width])[] = [
  ['1m', { minutes: 1 }],
  ['7m', { minutes: 7 }],
  ['1h', { minutes: 60 }],
  ['90m', { minutes: 90 }],
  ['2h', { minutes: 120 }],
  ['6h', { minutes: 360 }],
  ['1d', { minutes: 1_440 }],
  ['36h', { minutes: 2_160 }],
  ['10d', { minutes: 14_400 }],
  ['1w', { minutes: 10_080 }],
  ['1mo', { months: 1 }],
  ['3mo', { months: 3 }],
];
/** Zones, and instants at which their clocks change: by an hour, by half an hour, at one past midnight, over midnight, by a day. */
const CHANGES = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['Europe/London', '1972-03-19T02:00:00Z'],
  ['America/St_Johns', '2006-04-02T03:31:00Z'],
  ['America/St_Johns', '2006-10-29T02:31:00Z'],
  ['America/St_Johns', '1988-04-03T03:31:00Z'],
  ['Asia/Kathmandu', '1985-12-31T18:30:00Z'],
  ['Australia/Lord_Howe', '2018-03-31T15:00:00Z'],
  ['Australia/Lord_Howe', '2018-10-06T15:30:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['Pacific/Kwajalein', '1993-08-21T12:00:00Z'],
  ['Asia/Pyongyang', '2015-08-14T15:00:00Z'],
  ['Antarctica/Troll', '2025-03-30T01:00:00Z'],
] as const;

describe('local buckets', () => {
  it.each(CHANGES)('begin in %s around %s as the clock says', (zone, change) => {
    for (const [text, width] of WIDTHS) {
      const days = 'minutes' in width && width.minutes < 1_440 ? 1 : 5;
      // The ends lie anywhere in a bucket.
      const [from, to] = [
        Date.parse(change) - days * DAY - 17 * 60_000,
        Date.parse(change) + days * DAY + 13 * 60_000,
      ];
      const range = { from: BigInt(from) * 1_000n, to: BigInt(to) * 1_000n };
      const found = bucketsOver(parseWidth('bucket', text), range, zoneNamed(zone));
      const edges = [...startsOf(found), found.range.to].map((start) =>
        new Date(Number(start / 1_000n)).toISOString(),
      );
      const expected = starts(width, zone, from, to).map((start) => new Date(start).toISOString());
      expect([text, edges]).toEqual([text, expected]);
    }
  });
});
