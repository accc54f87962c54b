import { inTurns } from './in-turns';

it('lets each come first equally often, and throws the first round away', async () => {
  const asked: string[] = [];
  const works = ['a', 'b', 'c'].map((name) => async (round: number) => {
    asked.push(`${name}${round}`);
    return `${name}${round}`;
  });
  expect(await inTurns({ rounds: 3 }, works)).toEqual([
    ['a1', 'a2', 'a3'],
    ['b1', 'b2', 'b3'],
    ['c1', 'c2', 'c3'],
  ]);
  expect(asked).toEqual(['a0', 'b0', 'c0', 'b1', 'c1', 'a1', 'c2', 'a2', 'b2', 'a3', 'b3', 'c3']);
});

it('stops between two measurements', async () => {
  const stopping = new AbortController();
  let done = 0;
  const work = async () => {
    done += 1;
    stopping.abort();
  };
  await expect(inTurns({ rounds: 5, signal: stopping.signal }, [work])).rejects.toThrow('aborted');
  expect(done).toBe(1);
});
