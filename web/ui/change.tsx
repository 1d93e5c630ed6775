/** A change in percent: its sign is in the text, its colour only repeats it. */
import { formatChange } from '../format/figures.js';

export function Change({ value }: { value: number | null | undefined }) {
  const tone = value == null || value === 0 ? 'muted' : value > 0 ? 'up' : 'down';
  return <span className={tone}>{formatChange(value)}</span>;
}
