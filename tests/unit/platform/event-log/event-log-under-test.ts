/** What the contract tests are given of a log, and the tools that they share. */
import type { EventLog, LogRecord, NewRecord } from '../../../../src/platform/event-log/event-log.js';

export const RETENTION_MS = 3_600_000;

export interface EventLogUnderTest {
  log: EventLog;
  /** As another process has it: the same storage, nothing in memory shared. */
  openAnother(): Promise<EventLog>;
  /** As an operator would: the topic is gone with its records; ensureTopics makes it anew. */
  deleteTopic(topic: string): Promise<void>;
  /** As retention does. */
  forgetBelow(topic: string, partition: number, offset: bigint): Promise<void>;
  close(): Promise<void>;
}

export type Setting = EventLogUnderTest & { topicOf(partitions: number): Promise<string> };

export function records(keys: string[], partition?: number): NewRecord[] {
  return keys.map((key) => ({ key, value: Buffer.from(key), ...(partition === undefined ? {} : { partition }) }));
}

export async function all(log: EventLog, topic: string, from: [number, bigint][]): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for await (const page of log.replay(topic, new Map(from))) found.push(...page);
  return found;
}
