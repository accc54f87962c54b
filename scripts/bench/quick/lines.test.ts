import { summarize } from '../report/statistics';
import { besideBudget, besidePeer, changeOf, changeText, type QuickRecord, type Ratio } from './lines';

const named = { id: 'a', title: 'A' };
const machine = { cpu: 'A Processor', cores: 2 };
const record: QuickRecord = {
  format: 1,
  date: '2026-11-30',
  commit: 'abc',
  machine: { ...machine, node: '20.20.2' },
  server: 'PostgreSQL',
  ratios: { a: 2 },
};
const ratio = (value: number, against: Ratio['against'] = 'peer'): Ratio => ({
  ...named,
  ours: '',
  beside: '',
  ratio: value,
  against,
});

it('is how many times as fast as the peer in the same pair, or how far below the budget', () => {
  const peer = { name: 'bare', times: [10, 300, 20] };
  expect(besidePeer(named, [20, 200, 40], peer)).toMatchObject({
    ours: '40.0 ms',
    beside: 'bare 20.0 ms',
    ratio: 0.5,
  });
  expect(besideBudget(named, summarize([40], 'ms'), 20)).toMatchObject({
    beside: 'budget 20.0 ms',
    ratio: 0.5,
  });
});

it('marks what fell by more than 15 %, and nothing else', () => {
  const text = (value: number) => {
    const change = changeOf(ratio(value), record, machine);
    return change && changeText(change);
  };
  expect([text(1.68), text(1.72), text(2), text(3)]).toEqual(['▼ −16 %', '−14 %', '+0 %', '+50 %']);
  expect(changeOf(ratio(1.69), record, machine)).toMatchObject({ recorded: 2, fell: true });
});

it('compares nothing that was not recorded, and no budget of another machine', () => {
  expect(changeOf(ratio(1), undefined, machine)).toBeUndefined();
  expect(changeOf({ ...ratio(1), id: 'new' }, record, machine)).toBeUndefined();
  expect(changeOf(ratio(1, 'budget'), record, { ...machine, cores: 4 })).toBeUndefined();
  expect(changeOf(ratio(1, 'budget'), record, machine)).toMatchObject({ fell: true });
  expect(changeOf(ratio(1), record, { cpu: 'Another', cores: 4 })).toMatchObject({ fell: true });
});
