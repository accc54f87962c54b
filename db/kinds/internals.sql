-- What the reconciler keeps in the database on either engine. Every statement may be run again at any time.
CREATE SCHEMA IF NOT EXISTS tsdb;

-- One row per planned step, written before the first of them is run. A row without started_at was not reached, one
-- without finished_at was interrupted or failed; taken_over_by is the later run that went on from there.
CREATE TABLE IF NOT EXISTS tsdb.journal (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run           uuid NOT NULL,
  step          text NOT NULL,
  statements    text[] NOT NULL,
  started_at    timestamptz,
  finished_at   timestamptz,
  retries       int NOT NULL DEFAULT 0,
  error         text,
  taken_over_by uuid
);

-- Tables of earlier versions.
ALTER TABLE tsdb.journal ALTER COLUMN started_at DROP NOT NULL, ALTER COLUMN started_at DROP DEFAULT,
  ADD COLUMN IF NOT EXISTS retries int NOT NULL DEFAULT 0, ADD COLUMN IF NOT EXISTS taken_over_by uuid;

-- Jobs that an apply has paused. The row is written with the pause and removed when the job is restored, so that a later
-- apply finds what a killed one left paused.
CREATE TABLE IF NOT EXISTS tsdb.paused_job (
  job_id int PRIMARY KEY,
  run    uuid NOT NULL,
  since  timestamptz NOT NULL DEFAULT now()
);

-- Aggregates that were created and not yet filled with their history. The row is written with the aggregate and removed
-- after the refresh, so that an interrupted run finds what is left to do.
CREATE TABLE IF NOT EXISTS tsdb.pending_refresh (
  aggregate text PRIMARY KEY,
  since     timestamptz NOT NULL DEFAULT now()
);

-- Compressed chunks that a column with a default was added to: its value is kept beside their rows, where a later rewrite
-- loses it, until they are converted again. Written with the column and removed chunk by chunk.
CREATE TABLE IF NOT EXISTS tsdb.pending_rebuild (
  chunk    text PRIMARY KEY,
  relation text NOT NULL,
  since    timestamptz NOT NULL DEFAULT now()
);

-- Files that were imported, by a digest of their bytes and of how they were mapped: the same import twice is refused.
CREATE TABLE IF NOT EXISTS tsdb.import (
  digest      text PRIMARY KEY,
  file        text NOT NULL,
  target      text NOT NULL,
  row_count   bigint NOT NULL,
  imported_at timestamptz NOT NULL DEFAULT now()
);

-- An import of many batches is `loading` until all are in, `loaded` until the aggregates are refreshed over its range, then
-- `done`. Content is the digest of the bytes, layout how they are cut: a later run must find the same batches.
ALTER TABLE tsdb.import ADD COLUMN IF NOT EXISTS state text NOT NULL DEFAULT 'done', ADD COLUMN IF NOT EXISTS content text,
  ADD COLUMN IF NOT EXISTS layout text;

-- Batches of an import. The row is written in the transaction of its rows, first of all, so that no batch is written twice.
CREATE TABLE IF NOT EXISTS tsdb.import_batch (
  digest    text NOT NULL REFERENCES tsdb.import ON DELETE CASCADE,
  number    int NOT NULL,
  row_count bigint NOT NULL DEFAULT 0,
  skipped   bigint NOT NULL DEFAULT 0,
  rejected  bigint NOT NULL DEFAULT 0,
  from_time timestamptz,
  to_time   timestamptz,
  -- Rows that only the table itself refused, with line, reason and original.
  refused   jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (digest, number)
);

-- How the server prints what is declared, so that a plan lets it print only what changed. A row is written when an apply has
-- found the object exactly so. It counts only under the same conditions (a digest of versions, settings, and the functions,
-- types and columns that the text may use), while the object still has this spelling, and with the right checksum. Without any
-- row, plans are the same and slower.
CREATE TABLE IF NOT EXISTS tsdb.spelling (
  kind       text NOT NULL,
  relation   text NOT NULL,
  -- A digest of the declared text.
  declared   text NOT NULL,
  conditions text NOT NULL,
  spelling   text NOT NULL,
  checksum   text NOT NULL,
  printed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, relation, declared)
);
