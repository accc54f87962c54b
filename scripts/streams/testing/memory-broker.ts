// For tests: a broker in memory behind the interface of the consumer, where no real one is found. It assigns partitions anew whenever a
// member comes or goes, also while the former one still writes.
import type { Pool } from 'pg';
import type { Message } from '../../../api/streams/message';
import { UsageError } from '../../../db/core/errors';
import type { LetterPublisher } from '../consumer-parts';
import type { MessageSource, Partition, SourceEvents } from '../message-source';
import { deleteFromOutbox, type GroupPartition, readOutbox } from '../positions';

/** Records of one fetch. */
const FETCH = 700;

interface Log {
  low: bigint;
  readonly records: Message[];
}

/** A member of the group. */
export interface MemorySource extends MessageSource {
  /** Ends it as a lost connection does: others take over, and its consumer learns nothing of it. */
  lose(): void;
}

interface Member {
  readonly events: SourceEvents;
  assigned: readonly Partition[];
}

/** A record in a dead-letter topic. */
export interface SentLetter extends GroupPartition {
  readonly offset: bigint;
  readonly reason: string;
}

export class MemoryBroker {
  readonly letters: SentLetter[] = [];
  /** What the group has told the broker, for its tools. */
  readonly told = new Map<string, bigint>();
  readonly #logs = new Map<string, Log>();
  readonly #letterOffsets = new Map<string, bigint>();
  readonly #senders = new Map<string, object>();
  readonly #members: Member[] = [];

  constructor(topic: string, partitions: number) {
    for (let partition = 0; partition < partitions; partition += 1)
      this.#logs.set(nameOf({ topic, partition }), { low: 0n, records: [] });
  }

  append(at: Partition, value: string, timestamp: number, headers: Message['headers'] = []): void {
    const log = this.#logOf(at);
    const offset = log.low + BigInt(log.records.length);
    log.records.push({ ...at, offset, timestamp, key: null, value: Buffer.from(value), headers });
  }

  /** Deletes the oldest records, as the retention of a topic does. */
  expire(at: Partition, before: bigint): void {
    const log = this.#logOf(at);
    log.records.splice(0, Number(before - log.low));
    log.low = before;
  }

  /** Deletes a topic's records and begins at offset 0 again, as a topic that is made anew. */
  remake(at: Partition): void {
    this.#logs.set(nameOf(at), { low: 0n, records: [] });
  }

  end(at: Partition): bigint {
    const { low, records } = this.#logOf(at);
    return low + BigInt(records.length);
  }

  source(): MemorySource {
    const places = new Map<string, bigint>();
    const paused = new Set<string>();
    let member: Member | undefined;
    let timer: NodeJS.Immediate | undefined;
    const leave = (): void => {
      if (timer) clearImmediate(timer);
      const at = member === undefined ? -1 : this.#members.indexOf(member);
      member = undefined;
      if (at < 0) return;
      this.#members.splice(at, 1);
      this.#assign();
    };
    const fetch = (): void => {
      for (const at of member?.assigned ?? []) {
        const place = places.get(nameOf(at));
        if (place === undefined || paused.has(nameOf(at))) continue;
        const { low, records } = this.#logOf(at);
        const from = Number(place - low);
        const messages = records.slice(from, from + FETCH);
        if (messages.length === 0) continue;
        const nextOffset = place + BigInt(messages.length);
        places.set(nameOf(at), nextOffset);
        member?.events.fetched({ ...at, messages, nextOffset, endOffset: this.end(at) });
      }
      if (member) timer = setImmediate(fetch);
    };
    return {
      start: async (events) => {
        member = {
          events: {
            ...events,
            assigned: (partitions) => {
              places.clear();
              paused.clear();
              events.assigned(partitions);
            },
          },
          assigned: [],
        };
        this.#members.push(member);
        this.#assign();
        fetch();
      },
      seek: async (at, offset, from) => {
        places.delete(nameOf(at));
        const { low } = this.#logOf(at);
        if (offset !== undefined && (offset < low || offset > this.end(at)))
          throw new UsageError(`${nameOf(at)} does not have the offset ${offset}`);
        places.set(nameOf(at), from !== undefined && from >= low ? from : (offset ?? low));
        paused.delete(nameOf(at));
      },
      pause: (at) => void paused.add(nameOf(at)),
      resume: (at) => void paused.delete(nameOf(at)),
      commit: async (at, nextOffset) => {
        if (places.has(nameOf(at))) this.told.set(nameOf(at), nextOffset);
      },
      stop: async () => leave(),
      lose: leave,
    };
  }

  /** Sends letters as the transactions of Kafka do: a later sender of a partition shuts out the former one. */
  publisher(pool: Pool): LetterPublisher {
    const own = {};
    let last: Promise<unknown> = Promise.resolve();
    const send = async (of: GroupPartition): Promise<void> => {
      const name = nameOf(of);
      if (this.#senders.get(name) !== own) {
        this.#senders.set(name, own);
        await deleteFromOutbox(pool, of, this.#letterOffsets.get(name) ?? 0n);
      }
      const records = await readOutbox(pool, of, 100_000);
      const last = records.at(-1);
      if (!last) return;
      if (this.#senders.get(name) !== own) throw new Error('another sender has taken over');
      this.letters.push(...records.map(({ offset, reason }) => ({ ...of, offset, reason })));
      this.#letterOffsets.set(name, last.offset + 1n);
      await deleteFromOutbox(pool, of, last.offset + 1n);
    };
    return {
      // One after the other, as the real one: the former consumer of a partition may still be at it.
      publish: (of) => {
        const sending = last.catch(() => undefined).then(() => send(of));
        last = sending;
        return sending;
      },
      stop: async () => undefined,
    };
  }

  #assign(): void {
    const all = [...this.#logs.keys()].map((name) => {
      const slash = name.lastIndexOf('/');
      return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)) };
    });
    for (const [place, member] of this.#members.entries()) {
      member.assigned = all.filter((_, at) => at % this.#members.length === place);
      member.events.assigned(member.assigned);
    }
  }

  #logOf(at: Partition): Log {
    const log = this.#logs.get(nameOf(at));
    if (!log) throw new Error(`no partition ${nameOf(at)}`);
    return log;
  }
}

const nameOf = ({ topic, partition }: Partition): string => `${topic}/${partition}`;
