/** The answer; or, once nobody has given it for so long, a passing error. What was asked for goes on. */
import kafkajs from 'kafkajs';
import { within } from '../../timeout.js';

export function answerWithin<T>(patienceMs: number, whose: string, answer: Promise<T>): Promise<T> {
  return within(patienceMs, answer, () => {
    throw new kafkajs.KafkaJSError(`${whose}: no broker has answered for ${patienceMs} ms`);
  });
}
