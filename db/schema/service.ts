// Set `service`: what the API keeps for itself: keys of its clients, answers to retried writes, rows that it could not take.
import { integer, jsonb, text, timestamptz, uuid } from '../language/columns';
import { desc, index } from '../language/indexes';
import { schemaSet } from '../language/schema-set';
import { table } from '../language/table';

/** Keys of the API's clients. Only a hash of the secret is kept, so a lost key is replaced, never looked up. */
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
  // People who read measurements have no use for hashes and the names of clients; the API looks at keys as a writer.
  secret: true,
});

/** One row per write that came with an idempotency key, and what was answered; a repeated write gets the same answer. */
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
  indexes: [index(desc('received_at'))],
});

/** Rows that were sent and could not be taken, as they came, with the reason; kept until replayed or discarded. */
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
  },
  primaryKey: ['id'],
  indexes: [index(desc('received_at')), index('table_name', desc('received_at'))],
});

export const service = schemaSet('service', [apiKeys, ingestRequests, deadLetters]);
