/** The pipeline `restate`: makes published days anew that late ticks, corrections and filled holes have changed, within minutes. */
import type { Clock } from '../../src/domain/time.js';
import type { Pipeline } from '../runtime/pipeline.js';
import { publishDays } from './publishing.js';

export function restatePipeline({ clock }: { clock: Clock }): Pipeline {
  return { name: 'restate', tasks: [{ name: 'publish', run: (context) => publishDays(context, { through: null, clock }) }] };
}
