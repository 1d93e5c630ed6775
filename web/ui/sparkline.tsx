/** The shape of a series in a few pixels, without a scale: up, down, calm or wild. */
const EDGE = 1.5;

export function Sparkline({ values, label }: { values: number[]; label: string }) {
  const [width, height] = [96, 28];
  const path = values.length < 2 ? '' : draw(values, width, height);
  const rises = (values.at(-1) ?? 0) >= (values[0] ?? 0);
  return (
    <svg
      className={`spark ${rises ? 'up' : 'down'}`}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}

/** An area under a line, as wide as its place. */
export function AreaChart({ values, label }: { values: number[]; label: string }) {
  const [width, height] = [200, 40];
  if (values.length < 2) return <svg className="area" aria-hidden="true" />;
  const path = draw(values, width, height);
  return (
    <svg className="area" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={`${path}L${width - EDGE} ${height}L${EDGE} ${height}Z`} fill="var(--accent-soft)" />
      <path d={path} fill="none" stroke="var(--accent)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

function draw(values: readonly number[], width: number, height: number): string {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const step = (width - 2 * EDGE) / (values.length - 1);
  return values
    .map((value, index) => {
      const y = height - EDGE - ((value - low) / span) * (height - 2 * EDGE);
      return `${index === 0 ? 'M' : 'L'}${(EDGE + index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
