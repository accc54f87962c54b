// Which steps hold background jobs off.
import type { Step } from '../model';
import { objectsToQuieten } from './pause';

const step = (object: string, lock: string, more: Partial<Step> = {}): Step => ({
  id: `change:${object}`,
  object,
  action: 'change',
  summary: '',
  sql: [],
  transactional: true,
  lock,
  hazards: [],
  ...more,
});

describe('objectsToQuieten', () => {
  it.each([
    ['ACCESS EXCLUSIVE on a.b, for an instant', true],
    ['SHARE on a.b and its chunks', true],
    ['EXCLUSIVE on a.b', true],
    ['SHARE ROW EXCLUSIVE on a.b', true],
    ['SHARE UPDATE EXCLUSIVE on a.b, then ACCESS EXCLUSIVE on one chunk', true],
    ['SHARE UPDATE EXCLUSIVE on a.b', false],
    ['ROW EXCLUSIVE on a.b', false],
    ['ROW SHARE on a.b', false],
    ['ACCESS SHARE on a.b', false],
    ['none', false],
  ])('lock %s: %s', (lock, quiet) => {
    expect(objectsToQuieten({ steps: [step('a.b', lock)] })).toEqual(quiet ? ['a.b'] : []);
  });

  it('holds them off during backfills, and names an object once', () => {
    const steps = [
      step('a.c', 'none', { action: 'run', transactional: false }),
      step('a.b', 'EXCLUSIVE on a.b'),
      step('a.b', 'SHARE on a.b'),
    ];
    expect(objectsToQuieten({ steps })).toEqual(['a.c', 'a.b']);
  });
});
