// Limits how many large answers are prepared at once, so that they take neither all connections nor the memory of the process.
import { ProblemError } from './problems';

/** Bounds of all large answers together. */
export interface LargeAnswerLimits {
  /** Most answers whose rows are read or written out at the same time. */
  readonly places: number;
  /** Most answers that wait for a place. */
  readonly waiting: number;
  /** Longest wait. */
  readonly waitMs: number;
  /** While this many bytes wait for their clients to read them, no new answer gets a place. One client may hold half of them. */
  readonly heldBytes: number;
}

/** What one request takes of the limits: nothing, until its answer turns out to be large. */
export interface AnswerShare {
  /** Whether the last answer to the same question was large: then it is better to have a place before the database is asked. */
  readonly expectsMuch: boolean;
  /**
   * Waits while the first of several equal questions finds out how large their answer is, but not for long, and only once for all
   * queries of a request. Otherwise all of them would ask the database at once, and most of them in vain.
   */
  sizeKnown(): Promise<void>;
  /** A query of this request had few rows. When no other has many, the question is expected to be small again. */
  isSmall(): void;
  /**
   * The answer is large: takes a place if one is free. Returns whether the request has one now.
   * @param abandon ends the work when the client disconnects before `hold`.
   */
  take(abandon?: () => void): boolean;
  /**
   * Waits for a place.
   * @throws ProblemError: too-many-requests, or invalid-request when the client has disconnected.
   */
  wait(): Promise<void>;
  /** The rows have become this many bytes: gives the place back, and holds the bytes until they are sent. */
  hold(bytes: number): void;
  sent(bytes: number): void;
  /** Gives everything back; repeated calls do nothing. Call it when the request has ended, for whatever reason. */
  leave(): void;
  /** @throws ProblemError when the request has ended: nobody will read the answer. */
  requireClient(): void;
}

interface Turn {
  readonly client: string;
  readonly start: () => void;
  readonly refuse: (problem: ProblemError) => void;
}

/** Who asks what. */
export interface Asked {
  /** The client; `''` = it is not known. Called when the request is known to be allowed. */
  readonly client: () => string;
  readonly question: string;
}

const MOST_QUESTIONS = 1_000;
const FIND_SIZE_MS = 1_000;

/** Creates the limits. The result opens the share of a request. */
export function limitLargeAnswers(limits: LargeAnswerLimits): (asked: Asked) => AnswerShare {
  const queue: Turn[] = [];
  /** Questions whose last answer was large, and those whose was not; the oldest come first. */
  const large = new Set<string>();
  const small = new Set<string>();
  /** Questions that are asked for the first time, and who waits for the size of their answer. */
  const unknown = new Map<string, (() => void)[]>();
  const held = new Map<string, number>();
  let taken = 0;
  let heldBytes = 0;

  const mayStart = (client: string): boolean =>
    taken < limits.places &&
    heldBytes < limits.heldBytes &&
    (client === '' || (held.get(client) ?? 0) < limits.heldBytes / 2);

  const next = (): void => {
    for (;;) {
      const at = queue.findIndex(({ client }) => mayStart(client));
      if (at < 0) return;
      taken += 1;
      queue.splice(at, 1)[0]?.start();
    }
  };

  const hold = (client: string, bytes: number): void => {
    const now = (held.get(client) ?? 0) + bytes;
    if (now === 0) held.delete(client);
    else held.set(client, now);
    heldBytes += bytes;
  };

  return ({ client: clientOf, question }) => {
    let isLarge = false;
    let hasPlace = false;
    let isOver = false;
    let bytes = 0;
    let turn: Turn | undefined;
    let findsSize = false;
    let hasWaited = false;
    let abandon: () => void = () => undefined;
    const giveBack = (): void => {
      if (hasPlace) taken -= 1;
      hasPlace = false;
    };
    const release = (count: number): void => {
      bytes -= count;
      hold(clientOf(), -count);
    };
    const requireClient = (): void => {
      if (isOver) throw clientGone();
    };
    const sizeIs = (size: Set<string>): void => {
      for (const set of [large, small]) set.delete(question);
      size.add(question);
      if (size.size > MOST_QUESTIONS) size.delete(size.values().next().value as string);
      if (!findsSize) return;
      findsSize = false;
      const waiting = unknown.get(question) ?? [];
      unknown.delete(question);
      for (const goOn of waiting) goOn();
    };
    return {
      get expectsMuch() {
        return large.has(question);
      },
      sizeKnown: async () => {
        if (isOver || findsSize || hasWaited || large.has(question) || small.has(question)) return;
        const waiting = unknown.get(question);
        if (waiting === undefined) {
          unknown.set(question, []);
          findsSize = true;
          return;
        }
        hasWaited = true;
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          timer = setTimeout(resolve, FIND_SIZE_MS);
        });
        clearTimeout(timer);
      },
      isSmall: () => {
        // The first one may have more queries; its end tells.
        if (!isLarge && !findsSize) sizeIs(small);
      },
      take: (onGone) => {
        requireClient();
        if (onGone) abandon = onGone;
        isLarge = true;
        sizeIs(large);
        if (!hasPlace && queue.length === 0 && mayStart(clientOf())) {
          taken += 1;
          hasPlace = true;
        }
        return hasPlace;
      },
      wait: async () => {
        requireClient();
        if (hasPlace) return;
        const client = clientOf();
        const own = queue.filter((one) => one.client === client).length;
        if (queue.length >= limits.waiting || (client !== '' && own >= limits.waiting / 2)) throw busy();
        let timer: NodeJS.Timeout | undefined;
        try {
          await new Promise<void>((resolve, reject) => {
            turn = { client, start: resolve, refuse: reject };
            queue.push(turn);
            timer = setTimeout(() => withdraw(turn, busy()), limits.waitMs);
            next();
          });
        } finally {
          clearTimeout(timer);
          turn = undefined;
        }
        hasPlace = true;
        // It may have ended in the moment between its turn and now.
        if (!isOver) return;
        giveBack();
        next();
        throw clientGone();
      },
      hold: (count) => {
        requireClient();
        giveBack();
        bytes += count;
        hold(clientOf(), count);
        next();
      },
      sent: (count) => {
        if (isOver) return;
        release(count);
        next();
      },
      leave: () => {
        if (isOver) return;
        isOver = true;
        if (findsSize) sizeIs(small);
        withdraw(turn, clientGone());
        abandon();
        giveBack();
        release(bytes);
        next();
      },
      requireClient,
    };
  };

  function withdraw(turn: Turn | undefined, problem: ProblemError): void {
    const at = turn === undefined ? -1 : queue.indexOf(turn);
    if (at < 0) return;
    queue.splice(at, 1)[0]?.refuse(problem);
  }
}

const busy = (): ProblemError =>
  new ProblemError(
    'too-many-requests',
    'Too many large answers are being prepared; try again in a moment, or ask for fewer rows: pages with limit, a shorter period, or a wider bucket',
  );

/** The problem of a request whose client has disconnected; nobody will read it. */
export const clientGone = (): ProblemError =>
  new ProblemError('invalid-request', 'The client has disconnected', { status: 408 });
