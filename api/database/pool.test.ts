import { bigintValue, createPool, floatValue, isoTimestamp, numericValue } from './pool';

describe('isoTimestamp', () => {
  it.each([
    ['2026-11-20 11:11:24.123456+00', '2026-11-20T11:11:24.123456Z'],
    ['2026-11-20 11:11:24.1+00', '2026-11-20T11:11:24.1Z'],
    ['2026-11-20 11:11:24+00', '2026-11-20T11:11:24Z'],
    ['12026-11-20 11:11:24.5+00', '+012026-11-20T11:11:24.5Z'],
    ['infinity', 'infinity'],
    ['0044-03-15 00:00:00+00 BC', '0044-03-15 00:00:00+00 BC'],
  ])('writes %s as %s', (text, iso) => {
    expect(isoTimestamp(text)).toBe(iso);
  });
});

describe('numbers', () => {
  it('keeps a bigint exact', () => {
    expect(bigintValue('9007199254740991')).toBe(9007199254740991);
    expect(bigintValue('9007199254740993')).toBe('9007199254740993');
  });

  it('has text where JSON has no number', () => {
    expect(['1.5', '-0.25', '1e300', 'NaN', 'Infinity', '-Infinity'].map(floatValue)).toEqual([
      1.5,
      -0.25,
      1e300,
      'NaN',
      'Infinity',
      '-Infinity',
    ]);
  });

  it('keeps a whole numeric exact, and has text where JSON has no number', () => {
    const texts = [
      '1.5',
      '21.5333333333333333',
      '3.000',
      '9007199254740993',
      '9007199254740993.00',
      'NaN',
      '-Infinity',
    ];
    expect(texts.map(numericValue)).toEqual([
      1.5,
      21.533333333333335,
      3,
      '9007199254740993',
      '9007199254740993',
      'NaN',
      '-Infinity',
    ]);
  });
});

describe('createPool', () => {
  const settings = { size: 2, access: 'read', statementTimeoutMs: 1_000 } as const;

  it('keeps its own settings when the address has options too', () => {
    const connectionString = 'postgres://db/x?options=-c%20search_path%3Da%20-c%20timezone%3DAsia/Tokyo';
    const { options } = createPool({ ...settings, database: { connectionString } });
    const sent = new URL(String(options.connectionString)).searchParams.get('options');
    expect(sent).toBe(
      '-c search_path=a -c timezone=Asia/Tokyo -c timezone=UTC -c datestyle=ISO -c default_transaction_read_only=on -c statement_timeout=1000',
    );
  });
});
