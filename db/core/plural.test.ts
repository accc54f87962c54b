import { plural } from './plural';

it.each([
  [0, '0 steps'],
  [1, '1 step'],
  [2, '2 steps'],
])('counts %d', (count, text) => expect(plural(count, 'step')).toBe(text));

it('takes a plural that does not just end in -s', () => {
  expect(plural(1, 'entry', 'entries')).toBe('1 entry');
  expect(plural(2, 'entry', 'entries')).toBe('2 entries');
});
