/** What an error of kafkajs says about trying again, in words that a person understands. */
import { isNativeError } from 'node:util/types';
import kafkajs from 'kafkajs'; // Node finds no more than half of its names
import { EXIT_TRY_AGAIN, OperatorError } from '../../../domain/errors.js';
import type { KafkaConfig } from '../../config.js';
import { TopicReplaced, UnknownTopic } from '../event-log.js';

/** Waiting does not help: the request, a permission or a setting is wrong. */
const LASTING = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_CONFIG',
  'POLICY_VIOLATION',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
]);
const LASTING_NAMES = new Set(['KafkaJSSASLAuthenticationError', 'KafkaJSServerDoesNotSupportApiKey', 'KafkaJSNotImplemented']);

/** What the broker said to a place; OffsetOutOfRange is made of it by whoever knows the bounds. */
export class PlaceOutOfRange extends Error {
  override readonly name = 'PlaceOutOfRange';
  constructor(
    readonly partition: number,
    readonly offset: bigint,
  ) {
    super(`offset ${offset} of partition ${partition} is out of range`);
  }
}

/** The protocol's name of the error, of its cause where kafkajs wrapped it. */
export function kafkaErrorType(error: unknown): string | undefined {
  return isNativeError(error) ? ((error as { type?: string }).type ?? kafkaErrorType(error.cause)) : undefined;
}

/** True where the brokers were away, or are not ready yet. */
export function isTransientKafkaError(error: unknown): boolean {
  if (!(error instanceof kafkajs.KafkaJSError)) return false;
  const { cause } = error;
  if (LASTING_NAMES.has(error.name) || (cause instanceof Error && LASTING_NAMES.has(cause.name))) return false;
  return !LASTING.has(kafkaErrorType(error) ?? '');
}

/** True where a broker answered with the error, so that it is none of the connection's. A broker that is not known yet is looked up there. */
export function isAnswer(error: unknown): boolean {
  if (error instanceof UnknownTopic || error instanceof TopicReplaced || error instanceof PlaceOutOfRange) return true;
  return kafkaErrorType(error) !== undefined || (error as Partial<Error> | undefined)?.name === 'KafkaJSBrokerNotFound';
}

/** The same for a person who can do something about it: an OperatorError. What is none of Kafka's stays as it is. */
export function inWords(config: Pick<KafkaConfig, 'brokers'>, error: unknown): unknown {
  if (error instanceof OperatorError) return error;
  const type = kafkaErrorType(error);
  const brokers = config.brokers.join(', ');
  if (isTransientKafkaError(error)) {
    const message = `Kafka does not answer at ${brokers} (${(error as Error).message}). Is it running, and are KAFKA_BROKERS and KAFKA_SSL right?`;
    return new OperatorError(message, EXIT_TRY_AGAIN, { cause: error });
  }
  if ((error as Error).name.startsWith('KafkaJS'))
    return new OperatorError(
      `Kafka at ${brokers} refused: ${(error as Error).message}${type ? ` (${type})` : ''}. Look at KAFKA_SSL, KAFKA_SASL_… and the user's permissions.`,
      undefined,
      { cause: error },
    );
  return error;
}
