import { UsageError } from '../core/errors';
import { addressText, readAddress } from './address';

describe('readAddress', () => {
  it.each([
    ['db2.example:5432', { host: 'db2.example', port: 5432 }],
    ['10.0.0.5:1', { host: '10.0.0.5', port: 1 }],
    ['[fd00::5]:65535', { host: 'fd00::5', port: 65_535 }],
    ['/run/postgresql:5432', { host: '/run/postgresql', port: 5432 }],
  ])('reads %s, and writes it in the same way', (text, address) => {
    expect(readAddress(text)).toEqual(address);
    expect(addressText(address)).toBe(text);
  });

  it.each(['db2', 'db2:', ':5432', 'db2:0', 'db2:65536', 'fd00::5:5432', 'a b:5432', '[]:5432', ''])(
    'refuses "%s"',
    (text) => expect(() => readAddress(text)).toThrow(UsageError),
  );
});
