/** Everything that a fault may reach for and a judge looks at. */
import type { Random } from '../kit/random.js';
import type { BatchLoad } from './load/batch-load.js';
import type { Subscriber } from './load/subscriber.js';
import type { TickLoad } from './load/tick-load.js';
import type { Platform } from './platform/platform.js';
import type { Source } from './platform/source.js';

export interface Scene {
  platform: Platform;
  source: Source;
  ticks: TickLoad;
  batch: BatchLoad;
  subscribers: Subscriber[];
  random: Random;
  /** When faults were injected so far, until what they broke was said again at the latest; in milliseconds. */
  unrest: { from: number; until: number }[];
}
