// Limits how many writes are accepted at once, so that an overloaded server refuses early instead of running out of memory.
import { ProblemError } from '../http/problems';

/** Bounds of the gate. */
export interface GateLimits {
  /** Most writes at the same time. */
  readonly slots: number;
  /** Most requests that wait for a slot. */
  readonly waiting: number;
  /** Most bytes that waiting requests and arriving bodies hold together. */
  readonly waitingBytes: number;
}

/** A request whose body is arriving. It holds the bytes that are there, and no place: a slow client does not keep others out. */
export interface Arrival {
  /**
   * Sets the number of bytes that have arrived.
   * @throws ProblemError (too-many-requests) when all requests together hold too many.
   */
  resize(bytes: number): void;
  /**
   * Takes a place, now that the body is there. It keeps its bytes until it is written.
   * @throws ProblemError (too-many-requests) when too many requests wait already.
   */
  admit(): Ticket;
  /** Call it when the request has ended, at any time; repeated calls do nothing. */
  leave(): void;
}

/** A request that was admitted. */
export interface Ticket {
  /** Waits for a slot and does the work in it; once per ticket. Running work keeps its slot until it is done. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** Admits requests or refuses them. */
export interface Gate {
  /**
   * @param client who sends the request; one client may hold at most half of the places and bytes, so that it cannot shut out the
   * others.
   * @throws ProblemError (too-many-requests) when too many requests wait already.
   */
  arrive(client?: string): Arrival;
}

/** What a client holds. */
interface Held {
  places: number;
  bytes: number;
  /** Requests that have not ended. */
  requests: number;
}

/** Creates a gate. */
export function createGate({ slots, waiting, waitingBytes }: GateLimits): Gate {
  let running = 0;
  const all: Held = { places: 0, bytes: 0, requests: 0 };
  const queue: { readonly start: () => void }[] = [];
  const heldBy = new Map<string, Held>();
  const share = Math.ceil((slots + waiting) / 2);

  const next = (): void => {
    while (running < slots) {
      const first = queue.shift();
      if (!first) return;
      running += 1;
      first.start();
    }
  };
  const requirePlace = (own: Held, client: string): void => {
    if (client !== '' && own.places >= share) throw busy(OWN);
    if (running + all.places >= slots + waiting) throw busy(OTHERS);
  };

  return {
    arrive(client = '') {
      const own = heldBy.get(client) ?? { places: 0, bytes: 0, requests: 0 };
      // Refused before its body is read, as long as nobody could store it anyway.
      requirePlace(own, client);
      own.requests += 1;
      heldBy.set(client, own);
      let [bytes, places] = [0, 0];
      let isHere = true;
      const change = (toPlaces: number, toBytes: number): void => {
        for (const held of [all, own]) {
          held.places += toPlaces - places;
          held.bytes += toBytes - bytes;
        }
        [places, bytes] = [toPlaces, toBytes];
      };
      const release = (): void => change(0, 0);
      let abandon: () => void = release;
      return {
        resize(now) {
          if (!isHere) return;
          // A single request is always taken, however large: the size of a body has its own limit.
          const others = all.bytes - bytes;
          if (now > bytes && others > 0 && others + now > waitingBytes) throw busy(OTHERS);
          const ofClient = own.bytes - bytes;
          if (now > bytes && client !== '' && ofClient > 0 && ofClient + now > waitingBytes / 2)
            throw busy(OWN);
          change(places, now);
        },
        admit() {
          requirePlace(own, client);
          change(1, bytes);
          return {
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
          };
        },
        leave() {
          if (!isHere) return;
          isHere = false;
          abandon();
          own.requests -= 1;
          if (own.requests === 0) heldBy.delete(client);
        },
      };
    },
  };
}

const OWN = 'Too many writes with this key are in progress';
const OTHERS = 'Too many writes are waiting for the database';

const busy = (why: string): ProblemError =>
  new ProblemError('too-many-requests', `${why}; nothing of this one was stored, send it again in a moment`);
