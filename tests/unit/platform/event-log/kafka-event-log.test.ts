/** The event log on a real Kafka passes the contract, and what only it can meet. */
import pino from 'pino';
import { createKafkaEventLog } from '../../../../src/platform/event-log/kafka/kafka-event-log.js';
import { describeOnKafka, openOperator } from '../../../kit/kafka/test-kafka.js';
import { describeEventLog } from './event-log.contract.js';

const logger = pino({ level: 'silent' });

await describeOnKafka('on a real broker', (kafka) => {
  describeEventLog('the event log on Kafka', async () => {
    const operator = await openOperator(kafka);
    const log = createKafkaEventLog(kafka, logger, 'test');
    return {
      log,
      openAnother: async () => createKafkaEventLog(kafka, logger, 'another'),
      deleteTopic: operator.deleteTopic,
      forgetBelow: operator.forgetBelow,
      async close() {
        await log.close();
        await operator.close();
      },
    };
  });
});
