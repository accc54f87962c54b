// The standbys that may answer reads, and whether each of them is usable now. They are watched once a second.
import type { Pool } from 'pg';
import { messageOf } from '../../db/core/errors';
import type { DatabaseAddress } from '../../db/server/database-address';
import { createPool } from './pool';
import type { WantedSettings } from './session-settings';
import { watchPrimary } from './standby-lag';

/** Where standbys are, and how far they may be behind. */
export interface StandbySettings {
  readonly standbys: readonly NamedAddress[];
  readonly lagSeconds: number;
}

export interface NamedAddress {
  /** `host:port`. */
  readonly name: string;
  readonly address: DatabaseAddress;
}

/** A standby. */
export interface Standby {
  readonly name: string;
  /** Its connections are only given out while it is a standby of the primary and not too far behind. */
  readonly pool: Pool;
  /** How far it is behind at most; undefined while it is not known. */
  lagSeconds(): number | undefined;
  /** The reason why it may not answer; undefined while it may. */
  trouble(): string | undefined;
}

/** A standby became usable, or may not be used any more. */
export interface StandbyChange {
  readonly standby: string;
  /** Why it is not used; undefined = it is used from now on. */
  readonly reason: string | undefined;
}

export interface Standbys {
  readonly all: readonly Standby[];
  /** A usable one, each in its turn; undefined when there is none. */
  next(): Standby | undefined;
  /** Takes one out until it has answered again. */
  suspend(standby: Standby, error: unknown): void;
  /** Begins to watch them. It does not keep the process alive. */
  start(): void;
  end(): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;
const ANSWERS_WITHIN_MS = 2_000;
/** An answer counts for so long, if the next one does not come. */
const COUNTS_FOR_MS = 5_000;

export interface StandbysOptions extends StandbySettings {
  readonly primary: DatabaseAddress;
  readonly wanted: WantedSettings;
  /** Most connections that read, for each standby. */
  readonly size: number;
  readonly onChange: (change: StandbyChange) => void;
  readonly onIdleError?: ((error: Error) => void) | undefined;
}

/** Opens the standbys; nothing is connected before `start`. */
export function openStandbys(options: StandbysOptions): Standbys {
  const { wanted, size, lagSeconds, onChange, onIdleError } = options;
  const watching = {
    ...{ ...wanted, statementTimeoutMs: ANSWERS_WITHIN_MS, connectWithinMs: ANSWERS_WITHIN_MS },
    // A name may lead to another server than a moment ago.
    ...{ size: 1, maxLifetimeSeconds: 5, keepsProcess: false },
  };
  const toPrimary = createPool({ ...watching, database: options.primary }, onIdleError);
  const positions = watchPrimary(toPrimary, lagSeconds * 1_000);
  const { guard } = positions;

  const all = options.standbys.map(({ name, address }) => {
    const pool = createPool({ ...wanted, database: address, size, guard }, onIdleError);
    const toStandby = createPool({ ...watching, database: address }, onIdleError);
    let reason: string | undefined = 'it has not answered yet';
    let wasSaid = false;
    let position: bigint | undefined;
    let answeredAt = 0;
    const become = (next: string | undefined): void => {
      // The figures of a reason change with every look.
      const isNew = kindOf(next) !== kindOf(reason) || !wasSaid;
      reason = next;
      wasSaid = true;
      if (isNew) onChange({ standby: name, reason });
    };
    return {
      name,
      pool,
      lagSeconds: () => {
        const lag = position === undefined ? undefined : positions.lagOf(position);
        return lag === undefined ? undefined : lag / 1_000;
      },
      trouble: () =>
        reason ?? (performance.now() - answeredAt > COUNTS_FOR_MS ? 'it does not answer' : undefined),
      become,
      look: onceAtATime(async () => {
        try {
          const { rows } = await toStandby.query<Record<string, unknown>>(`SELECT ${guard.columns}`);
          const [row] = rows;
          position = typeof row?.position === 'string' ? BigInt(row.position) : undefined;
          guard.check(row ?? {});
          answeredAt = performance.now();
          become(undefined);
        } catch (error) {
          become(messageOf(error));
        }
      }),
      end: () => Promise.all([pool.end(), toStandby.end()]),
    };
  });

  const lookAtPrimary = onceAtATime(positions.look);
  let timer: NodeJS.Timeout | undefined;
  let turn = 0;
  return {
    all,
    next: () => {
      const usable = all.filter((standby) => standby.trouble() === undefined);
      turn += 1;
      return usable[turn % usable.length];
    },
    suspend: (standby, error) => all.find((one) => one === standby)?.become(messageOf(error)),
    start: () => {
      if (timer !== undefined || all.length === 0) return;
      const lookAtAll = (): void => {
        for (const standby of all) void standby.look();
      };
      void lookAtPrimary().then(lookAtAll);
      timer = setInterval(() => {
        void lookAtPrimary();
        lookAtAll();
      }, LOOK_EVERY_MS).unref();
    },
    end: async () => {
      clearInterval(timer);
      await Promise.all([toPrimary.end(), ...all.map((standby) => standby.end())]);
    },
  };
}

const kindOf = (reason: string | undefined): string | undefined => reason?.replace(/[0-9.]+ s/g, '');

/** The same work is not begun again before it has ended. */
function onceAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}
