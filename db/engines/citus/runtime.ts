// What the emulation needs on Citus besides what it needs on plain PostgreSQL.
import { literal } from '../../core/sql';
import { ESTIMATE } from '../../server/table-size';

// Runs on each node. A shard is a table whose name ends with the number of the shard. Every node has all rows of a reference table.
const OF_ONE_NODE = `
  SELECT coalesce(json_agg(json_build_array(t.relation, t.rows, t.heap, t.bytes)), '[]')
    FROM (SELECT format('%I.%I', n.nspname, l.relname) AS relation,
                 sum(CASE WHEN d.partmethod = 'n' AND g.groupid > 0 THEN 0 ELSE ${ESTIMATE('c')} END) AS rows,
                 sum(pg_relation_size(c.oid)) AS heap, sum(pg_total_relation_size(c.oid)) AS bytes
            FROM pg_dist_placement p
            JOIN pg_dist_local_group g ON g.groupid = p.groupid
            JOIN pg_dist_shard s ON s.shardid = p.shardid
            JOIN pg_dist_partition d ON d.logicalrelid = s.logicalrelid
            JOIN pg_class l ON l.oid = s.logicalrelid AND l.relkind = 'r'
            JOIN pg_namespace n ON n.oid = l.relnamespace
            JOIN pg_class c ON c.oid = to_regclass(shard_name(s.logicalrelid, s.shardid))
           GROUP BY 1) t`;

/** Functions of the emulation that ask all nodes; many statements. */
export const citusSql = (): string => `
ALTER TABLE tsdb.job DROP CONSTRAINT IF EXISTS job_kind_check;
ALTER TABLE tsdb.job ADD CONSTRAINT job_kind_check CHECK (kind IN ('refresh', 'retention', 'chunks', 'columnstore'));

-- What columnar chunks took as rows. Everybody may read it, as everybody may read sizes.
CREATE TABLE IF NOT EXISTS tsdb.columnar_chunk (
  chunk        text PRIMARY KEY,
  before_bytes float8 NOT NULL
);
GRANT SELECT ON tsdb.columnar_chunk TO PUBLIC;

-- Stores a chunk as rows ('heap') or in columns ('columnar'); returns false when it is so already, or gone. Citus copies it to a
-- new table and exchanges them. Writers of the table wait meanwhile: a row that came after its part was copied would be lost.
CREATE OR REPLACE FUNCTION tsdb.set_chunk_storage(chunk_name text, method name) RETURNS boolean
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = 'warning'
  SET citus.multi_shard_modify_mode = 'sequential' AS $$
DECLARE
  parent  regclass := (SELECT inhparent FROM pg_inherits WHERE inhrelid = to_regclass(chunk_name));
  present name;
  unfit   text;
  size    float8;
BEGIN
  IF parent IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', parent);
  -- Read by its name, after the lock: another session may have exchanged it while this one waited.
  SELECT a.amname INTO present FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.oid = to_regclass(chunk_name);
  IF present IS NULL OR present = method THEN
    RETURN false;
  END IF;
  -- Citus would drop such an index without an error.
  SELECT string_agg(x.indexrelid::regclass::text, ', ' ORDER BY 1) INTO unfit
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am a ON a.oid = i.relam
   WHERE x.indrelid = to_regclass(chunk_name) AND a.amname NOT IN ('btree', 'hash');
  IF method = 'columnar' AND unfit IS NOT NULL THEN
    RAISE EXCEPTION 'chunk % stays rows: columnar chunks cannot have the index %', chunk_name, unfit
      USING ERRCODE = '0A000', HINT = 'Drop the index, or declare no columnstore.';
  END IF;
  -- Not citus_total_relation_size(), which fails in a transaction that has tried to convert another chunk.
  SELECT s.bytes INTO size FROM tsdb.stored_size() s WHERE s.relation = to_regclass(chunk_name);
  PERFORM alter_table_set_access_method(to_regclass(chunk_name), method::text);
  DELETE FROM tsdb.columnar_chunk c WHERE c.chunk = chunk_name OR to_regclass(c.chunk) IS NULL;
  IF method = 'columnar' AND size IS NOT NULL THEN
    INSERT INTO tsdb.columnar_chunk (chunk, before_bytes) VALUES (chunk_name, size);
  END IF;
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION tsdb.set_chunk_storage(text, name) FROM PUBLIC;

-- What the nodes store of each table, all shards together; the catalog of the coordinator knows the sizes of its own tables only.
-- A figure without the part of a node would be wrong, so a node that does not answer is an error.
CREATE OR REPLACE FUNCTION tsdb.stored_size() RETURNS TABLE (relation oid, rows float8, heap float8, bytes float8)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  answer  record;
  answers json[] := '{}';
BEGIN
  FOR answer IN SELECT r.success, r.result, d.nodename, d.nodeport
                  FROM run_command_on_all_nodes(${literal(OF_ONE_NODE)}) r JOIN pg_dist_node d ON d.nodeid = r.nodeid LOOP
    IF NOT answer.success THEN
      RAISE EXCEPTION 'node %:% of the cluster does not answer: %', answer.nodename, answer.nodeport, answer.result
        USING ERRCODE = '08006', HINT = 'The sizes of distributed tables need every node.';
    END IF;
    answers := answers || answer.result::json;
  END LOOP;
  RETURN QUERY
    SELECT (v->>0)::regclass::oid, sum((v->>1)::float8), sum((v->>2)::float8), sum((v->>3)::float8)
      FROM unnest(answers) a, json_array_elements(a) v GROUP BY 1
     UNION ALL
    SELECT c.oid, (${ESTIMATE('c')})::float8, pg_relation_size(c.oid)::float8, pg_total_relation_size(c.oid)::float8
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid = c.oid);
END $$;
REVOKE ALL ON FUNCTION tsdb.stored_size() FROM PUBLIC;

-- A partition is created, filled and attached in one transaction. Several connections to a node, one for each shard, would wait for
-- one another: Citus calls that a distributed deadlock and ends the transaction.
ALTER FUNCTION tsdb.ensure_chunks(text, text, timestamptz, timestamptz) SET citus.multi_shard_modify_mode TO 'sequential';
ALTER FUNCTION tsdb.drop_expired(text, text, timestamptz) SET citus.multi_shard_modify_mode TO 'sequential';
`;
