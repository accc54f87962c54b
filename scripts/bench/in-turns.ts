// Measures several things in turns, so that other work on the machine affects all of them alike.

/** How work that takes long is stopped, and where it says how far it is. */
export interface RunControl {
  readonly signal?: AbortSignal | undefined;
  readonly onNote: (text: string) => void;
}

export interface Turns {
  /** Rounds that count. Round 0 comes before them: it warms caches up and is thrown away. */
  readonly rounds: number;
  readonly signal?: AbortSignal | undefined;
  /** Told when a round begins. */
  readonly onRound?: (round: number) => void;
}

/**
 * Does each work once a round, one after the other; which one comes first changes from round to round.
 * @returns for each work what it gave in the rounds that count.
 */
export async function inTurns<T>(
  { rounds, signal, onRound }: Turns,
  works: readonly ((round: number) => Promise<T>)[],
): Promise<readonly (readonly T[])[]> {
  const results = works.map((): T[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    onRound?.(round);
    for (let turn = 0; turn < works.length; turn += 1) {
      signal?.throwIfAborted();
      const which = (turn + round) % works.length;
      const result = await works[which]?.(round);
      if (round > 0) results[which]?.push(result as T);
    }
  }
  return results;
}
