import type { Workload } from '../objects';
import { around, crashing, pod } from '../testing/objects';
import { judgeStrimzi } from './kafka';

const kafka = (status: Workload['status'] = {}): Workload => ({
  metadata: { name: 'tsdb', uid: 'kafka', generation: 2 },
  status: { observedGeneration: 2, ...status },
});
const READY = { type: 'Ready', status: 'True' };

describe('an object of Strimzi', () => {
  it('is up when the operator says so of the newest version', () => {
    expect(judgeStrimzi(kafka({ conditions: [READY] }), around())).toEqual({
      kind: 'complete',
      text: 'ready',
    });
    expect(judgeStrimzi(kafka({ conditions: [READY], observedGeneration: 1 }), around())).toMatchObject({
      kind: 'progressing',
      text: 'the operator has not finished with the new version',
    });
    expect(judgeStrimzi({ metadata: { name: 'tsdb', generation: 1 } }, around())).toMatchObject({
      kind: 'progressing',
    });
  });

  it('says why the operator refuses it', () => {
    const refused = { type: 'NotReady', status: 'True', reason: 'NotSupported', message: 'Decreasing' };
    expect(judgeStrimzi(kafka({ conditions: [refused] }), around())).toMatchObject({
      kind: 'progressing',
      trouble: { text: 'NotSupported: Decreasing', patience: 300 },
    });
    // What it has said of an earlier version says nothing of this one.
    expect(judgeStrimzi(kafka({ conditions: [refused], observedGeneration: 1 }), around())).toMatchObject({
      trouble: undefined,
    });
  });

  it('says why a broker is not up', () => {
    const broker = pod('tsdb-brokers', crashing(4, 'no disk'));
    const labelled = (cluster: string) => ({
      ...broker,
      metadata: { ...broker.metadata, labels: { 'strimzi.io/cluster': cluster } },
    });
    expect(judgeStrimzi(kafka(), around({ pods: [labelled('tsdb')] }))).toMatchObject({
      trouble: { words: 'no disk' },
    });
    expect(judgeStrimzi(kafka(), around({ pods: [labelled('other')] }))).toMatchObject({
      trouble: undefined,
    });
  });
});
