/**
 * What every event log must do, whatever it is made of: written against the interface alone.
 * A log passes by calling describeEventLog with a way to open it; each test has topics of its own.
 */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { freshTopic } from '../../../kit/kafka/test-kafka.js';
import { describeAppending } from './appending.contract.js';
import { describeConsuming } from './consuming.contract.js';
import { type EventLogUnderTest, RETENTION_MS } from './event-log-under-test.js';
import { describeReplaying } from './replaying.contract.js';

export function describeEventLog(name: string, open: () => Promise<EventLogUnderTest>): void {
  describe(name, () => {
    let underTest: EventLogUnderTest;
    beforeAll(async () => {
      underTest = await open();
    });
    afterAll(() => underTest.close());
    const setting = () => ({
      ...underTest,
      async topicOf(partitions: number) {
        const topic = freshTopic('contract');
        await underTest.log.ensureTopics([{ topic, partitions, retentionMs: RETENTION_MS }]);
        return topic;
      },
    });
    describeAppending(setting);
    describeReplaying(setting);
    describeConsuming(setting);
  });
}
