/** What a process of the platform counts of itself, as its /metrics says. */
import { waitFor } from '../../kit/wait-for.js';
import type { SupervisedProcess } from './supervised-process.js';

/** Of all samples, or of those with the label, such as `outcome="sent"`; 0 where nothing was counted yet. */
export async function sumOfMetric({ url }: SupervisedProcess, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) })).text();
  const values = text.matchAll(new RegExp(`^${name}\\{(?:.*,)?${label}.*\\} (\\S+)$`, 'gm'));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Polls without news never reach the log: only what was sent shows that a producer does. */
export async function sendsAgain(producer: SupervisedProcess, withinMs: number): Promise<void> {
  const sent = () => sumOfMetric(producer, 'cdp_producer_prices_total', 'outcome="sent"');
  const within = { withinMs, everyMs: 100 };
  const before = await waitFor(`${producer.name} says what it has sent`, async () => ({ sent: await sent() }), within);
  await waitFor(`${producer.name} sends prices`, async () => (await sent()) > before.sent, within);
}
