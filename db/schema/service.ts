// Set `service`: the API's own tables: keys of its clients, answers to repeated writes, and rows that it refused.
import { bigint, bytea, integer, jsonb, text, timestamptz, uuid } from '../language/columns';
import { desc, index, uniqueIndex } from '../language/indexes';
import { schemaSet } from '../language/schema-set';
import { table } from '../language/table';

/** Keys of the API's clients. Only a hash of each secret is stored, so a lost key cannot be shown again, only replaced. */
export const apiKeys = table('service.api_key', {
  columns: {
    id: text().notNull(),
    name: text().notNull(),
    role: text().notNull(),
    hash: text().notNull(),
    created_at: timestamptz().notNull().default('now()'),
    expires_at: timestamptz(),
    revoked_at: timestamptz(),
  },
  primaryKey: ['id'],
  // People who read measurements do not need the hashes and the names of clients. The API reads the keys with role tsdb_api.
  secret: true,
});

/** How keys begin that the API makes from bodies, for clients that send a body again without a key. */
export const BODY_KEY = 'body:';

/** One row per write that came with an idempotency key, with its answer. A repeated write gets the same answer. */
export const ingestRequests = table('service.ingest_request', {
  columns: {
    client: text().notNull(),
    key: text().notNull(),
    body_digest: text().notNull(),
    status: integer().notNull(),
    answer: jsonb().notNull(),
    received_at: timestamptz().notNull().default('now()'),
  },
  primaryKey: ['client', 'key'],
  onCoordinator: true,
  indexes: [index(desc('received_at'))],
});

/**
 * Rows that were refused, exactly as they were sent, with the reason. They are kept until they are replayed, discarded, or older
 * than `TSDB_DEAD_LETTER_DAYS`. A row that a client sends again and again stays one letter.
 */
export const deadLetters = table('service.dead_letter', {
  columns: {
    id: uuid().notNull(),
    received_at: timestamptz().notNull().default('now()'),
    table_name: text().notNull(),
    format: text().notNull(),
    line: integer().notNull(),
    reason: text().notNull(),
    original: text().notNull(),
    request_id: text().notNull(),
    /** Names the original. Null for a row without a time: each one may be another reading. */
    digest: text(),
    /** How often it was sent, and when last; null = once. */
    times: integer().notNull().default('1'),
    last_received_at: timestamptz(),
  },
  primaryKey: ['id'],
  onCoordinator: true,
  indexes: [index(desc('received_at')), index('table_name', desc('received_at')), uniqueIndex('digest')],
});

/**
 * How far each partition of a topic is stored. The position changes in the transaction of the rows, so that a record is stored once
 * whenever a consumer, the broker or the database stops.
 */
export const streamOffsets = table('service.stream_offset', {
  columns: {
    consumer_group: text().notNull(),
    topic: text().notNull(),
    partition: integer().notNull(),
    /** The first offset that is not stored yet. */
    next_offset: bigint().notNull(),
    /** Digest of the record before it. It tells whether the topic was deleted and made anew under its name. */
    last_record: text(),
    updated_at: timestamptz().notNull().default('now()'),
  },
  primaryKey: ['consumer_group', 'topic', 'partition'],
  onCoordinator: true,
});

/**
 * Records that were refused and are still to be sent to the dead-letter topic, byte for byte. They are written in the transaction
 * of the dead letters and deleted when the topic has them.
 */
export const streamOutbox = table('service.stream_outbox', {
  columns: {
    consumer_group: text().notNull(),
    topic: text().notNull(),
    partition: integer().notNull(),
    record_offset: bigint().notNull(),
    reason: text().notNull(),
    /** The time of the record at the broker. */
    record_time: timestamptz().notNull(),
    record_key: bytea(),
    record_value: bytea(),
    /** Pairs of name and value; values in base64. */
    headers: jsonb().notNull(),
  },
  primaryKey: ['consumer_group', 'topic', 'partition', 'record_offset'],
  onCoordinator: true,
});

export const service = schemaSet('service', [
  apiKeys,
  ingestRequests,
  deadLetters,
  streamOffsets,
  streamOutbox,
]);
