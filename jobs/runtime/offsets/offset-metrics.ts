/** What an operator wants to be woken for about a stream's offsets. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface OffsetMetrics {
  lost(topic: string, partition: number, records: bigint): void;
  fenced(topic: string): void;
  /** How many partitions are held but not read. */
  refused(topic: string, partitions: number): void;
}

export function createOffsetMetrics(registry: Registry): OffsetMetrics {
  const registers = [registry];
  const lost = new Counter({
    name: 'cdp_stream_lost_records_total',
    help: 'Records that retention removed before they were read; ops.gaps says which',
    labelNames: ['topic', 'partition'],
    registers,
  });
  const fenced = new Counter({
    name: 'cdp_stream_fenced_total',
    help: 'Batches that were not committed because another consumer had moved the offset',
    labelNames: ['topic'],
    registers,
  });
  const refused = new Gauge({
    name: 'cdp_stream_refused_partitions',
    help: 'Partitions that are not read because the log is not the one that was read before; the log says what to do',
    labelNames: ['topic'],
    registers,
  });
  return {
    lost: (topic, partition, records) => lost.inc({ topic, partition }, Number(records)),
    fenced: (topic) => fenced.inc({ topic }),
    refused: (topic, partitions) => refused.set({ topic }, partitions),
  };
}
