// Failed attempts per address.
import { countAttempts } from './attempts';

describe('countAttempts', () => {
  it('blocks an address after its failures of a minute, and no other', () => {
    let now = 1_000;
    const attempts = countAttempts(2, () => now);
    expect(attempts.blockedFor('192.0.2.1')).toBe(0);
    attempts.failed('192.0.2.1');
    now += 20_000;
    expect(attempts.blockedFor('192.0.2.1')).toBe(0);
    attempts.failed('192.0.2.1');
    expect(attempts.blockedFor('192.0.2.1')).toBe(40);
    expect(attempts.blockedFor('192.0.2.2')).toBe(0);
    now += 40_000;
    expect(attempts.blockedFor('192.0.2.1')).toBe(0);
    attempts.failed('192.0.2.1');
    expect(attempts.blockedFor('192.0.2.1')).toBe(0);
  });

  it.each([
    ['2001:db8::1', '2001:db8::2', true],
    ['2001:db8:0:0:1::1', '2001:db8::', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
    ['::1', '1::', false],
  ])('takes %s and %s for the same: %s', (one, two, same) => {
    const attempts = countAttempts(1, () => 0);
    attempts.failed(one);
    expect(attempts.blockedFor(two) > 0).toBe(same);
  });

  it('stays small', () => {
    const attempts = countAttempts(1, () => 0);
    for (let n = 0; n < 10_001; n += 1) attempts.failed(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    expect(attempts.blockedFor('10.0.0.0')).toBe(0);
    expect(attempts.blockedFor('10.0.0.1')).toBeGreaterThan(0);
  });
});
