import { desiredFrom } from '../../../db/language/desired';
import { schemaSets } from '../../../db/schema/sets';
import { readConfig } from '../config';
import { faultsOf } from '../testing/faults';

describe('the settings of the stack kubernetes-kafka', () => {
  it('have every declared topic of Kafka by default', () => {
    const { streams } = desiredFrom(Object.values(schemaSets));
    const declared = streams.filter(({ kind }) => kind === 'kafka').map(({ topic }) => topic);
    expect(declared.length).toBeGreaterThan(2);
    expect([...readConfig({}).kafka.topics].sort()).toEqual([...declared].sort());
  });

  it.each([
    [{ TSDB_DEPLOY_KAFKA_NODES: '2' }, /from 3 to 9/],
    [{ TSDB_DEPLOY_KAFKA_TOPICS: 'Plant_Readings' }, /topics of lower-case letters/],
    [{ TSDB_DEPLOY_KAFKA_VERSION: '4.3' }, /a version such as 4.3.1/],
  ])('may not be %j', (env, fault) => expect(faultsOf(env)).toEqual([expect.stringMatching(fault)]));
});
