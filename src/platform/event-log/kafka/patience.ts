/** The answer; or, once nobody has given it for so long, a passing error. What was asked for goes on. */
import kafkajs from 'kafkajs';

export async function within<T>(patienceMs: number, whose: string, answer: Promise<T>): Promise<T> {
  const overdue = Promise.withResolvers<never>();
  const giveUp = () => overdue.reject(new kafkajs.KafkaJSError(`${whose}: no broker has answered for ${patienceMs} ms`));
  const timer = setTimeout(giveUp, patienceMs);
  return Promise.race([answer, overdue.promise]).finally(() => clearTimeout(timer));
}
