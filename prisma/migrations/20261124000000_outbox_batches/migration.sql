-- What a committed batch has to say is one row for each target instead of one for each record: cheap to write, and read in one go.
ALTER TABLE ops.outbox RENAME TO outbox_records;
ALTER TABLE ops.outbox_records RENAME CONSTRAINT outbox_pkey TO outbox_records_pkey;

-- Grain: one batch of a source partition and one target, until it is in the log. records: a line each, the key as JSON, a tab, the value
-- (JSON without line breaks), in the order of their source positions; only positions from first_position to last_position.
CREATE TABLE ops.outbox (
  target_topic     text    NOT NULL,
  source_topic     text    NOT NULL,
  source_partition integer NOT NULL,
  first_position   bigint  NOT NULL,
  last_position    bigint  NOT NULL,
  records          text    NOT NULL,
  PRIMARY KEY (target_topic, source_topic, source_partition, first_position)
);
ALTER TABLE ops.outbox ALTER COLUMN records SET STORAGE EXTERNAL; -- it lives for milliseconds: compressing it takes longer than writing it

INSERT INTO ops.outbox (target_topic, source_topic, source_partition, first_position, last_position, records)
SELECT
  target_topic, source_topic, source_partition, source_position, source_position,
  string_agg(to_json(key)::text || E'\t' || value, E'\n' ORDER BY ordinal)
FROM ops.outbox_records
GROUP BY target_topic, source_topic, source_partition, source_position;

DROP TABLE ops.outbox_records;
