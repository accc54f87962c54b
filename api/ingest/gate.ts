// Limits how many writes are accepted at once, so that an overloaded server refuses early instead of running out of memory.
import { ProblemError } from '../http/problems';

/** Bounds of the gate. */
export interface GateLimits {
  /** Most writes at the same time. */
  readonly slots: number;
  /** Most requests that wait for a slot or are still sending their body. */
  readonly waiting: number;
  /** Most bytes that these requests hold together. */
  readonly waitingBytes: number;
}

/** A request that was admitted. */
export interface Ticket {
  /** Corrects the number of bytes, once they are known. */
  resize(bytes: number): void;
  /** Waits for a slot and does the work in it; once per ticket. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Call it when the request has ended; repeated calls do nothing. Running work keeps its slot until it is done. */
  leave(): void;
}

/** Admits requests or refuses them. */
export interface Gate {
  /**
   * @param client who sends the request; one client may hold at most half of the places, so that it cannot shut out the others.
   * @throws ProblemError (too-many-requests) when too many requests wait already.
   */
  admit(bytes: number, client?: string): Ticket;
}

/** Creates a gate. */
export function createGate({ slots, waiting, waitingBytes }: GateLimits): Gate {
  let running = 0;
  let held = 0;
  let heldBytes = 0;
  const queue: { readonly start: () => void }[] = [];
  const heldBy = new Map<string, number>();
  const share = Math.ceil((slots + waiting) / 2);

  const next = (): void => {
    while (running < slots) {
      const first = queue.shift();
      if (!first) return;
      running += 1;
      first.start();
    }
  };

  return {
    admit(bytes, client = '') {
      if (client !== '' && (heldBy.get(client) ?? 0) >= share)
        throw new ProblemError(
          'too-many-requests',
          'Too many writes with this key are in progress; nothing of this one was stored, send it again in a moment',
        );
      // A single request is always admitted, however large: the size of a body has its own limit.
      if (running + held >= slots + waiting || (held > 0 && heldBytes + bytes > waitingBytes))
        throw new ProblemError(
          'too-many-requests',
          'Too many writes are waiting for the database; nothing of this one was stored, send it again in a moment',
        );
      let size = bytes;
      let isHeld = true;
      held += 1;
      heldBytes += size;
      heldBy.set(client, (heldBy.get(client) ?? 0) + 1);
      const release = (): void => {
        if (!isHeld) return;
        isHeld = false;
        held -= 1;
        heldBytes -= size;
        const left = (heldBy.get(client) ?? 1) - 1;
        if (left === 0) heldBy.delete(client);
        else heldBy.set(client, left);
      };
      let abandon: () => void = release;
      return {
        resize(now) {
          if (isHeld) heldBytes += now - size;
          size = now;
        },
        run: async (work) => {
          await new Promise<void>((resolve, reject) => {
            const turn = { start: resolve };
            abandon = () => {
              release();
              const at = queue.indexOf(turn);
              if (at < 0) return;
              queue.splice(at, 1);
              reject(new ProblemError('invalid-request', 'The client has disconnected', { status: 408 }));
            };
            queue.push(turn);
            next();
          });
          release();
          try {
            return await work();
          } finally {
            running -= 1;
            next();
          }
        },
        leave: () => abandon(),
      };
    },
  };
}
