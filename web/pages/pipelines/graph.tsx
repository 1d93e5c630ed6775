/** The picture of the datasets: boxes in layers, a line for each "is made from". On a phone, a list in the same order. */
import { type CSSProperties, useMemo, useState } from 'react';
import type { Dataset } from '../../api/operations/pipelines.js';
import { formatSpan } from '../../format/figures.js';
import { useNow } from '../../ui/now.js';
import { checkState } from './check-state.js';
import { type Layout, layOut, lineageOf, type Point } from './graph-layout.js';

const GAP_PCT = 4;
const ROW = 78;
const BOX = 60;

interface GraphProps {
  datasets: readonly Dataset[];
  picked: string | null;
  onPick(name: string): void;
}

export function Graph({ datasets, picked, onPick }: GraphProps) {
  const layout = useMemo(() => layOut(datasets), [datasets]);
  const [pointed, setPointed] = useState<string | null>(null);
  const focus = pointed ?? picked;
  const lineage = useMemo(() => (focus === null ? null : lineageOf(datasets, focus)), [datasets, focus]);
  const width = (100 - GAP_PCT * (layout.layers - 1)) / layout.layers;
  return (
    <div className="graph-frame">
      <div className="graph" style={{ '--height': `${layout.rows * ROW}px`, '--width': `${width}%` } as CSSProperties}>
        <Edges layout={layout} width={width} lineage={lineage} />
        {layout.placed.map(({ node, layer, row }) => (
          <Box
            key={node.name}
            dataset={node}
            picked={node.name === picked}
            dimmed={lineage !== null && !lineage.has(node.name)}
            style={{ '--x': `${layer * (width + GAP_PCT)}%`, '--y': `${row * ROW + (ROW - BOX) / 2}px` } as CSSProperties}
            onPick={() => onPick(node.name)}
            onPoint={(on) => setPointed(on ? node.name : null)}
          />
        ))}
      </div>
    </div>
  );
}

interface BoxProps {
  dataset: Dataset;
  picked: boolean;
  dimmed: boolean;
  style: CSSProperties;
  onPick(): void;
  onPoint(on: boolean): void;
}

function Box({ dataset: { name, writtenAt, dependsOn, checks }, picked, dimmed, style, onPick, onPoint }: BoxProps) {
  const now = useNow();
  const { tone, words } = checkState(checks);
  const [schema, table] = name.split('.');
  return (
    <button
      type="button"
      className={`graph-box${dimmed ? ' dimmed' : ''}`}
      style={style}
      aria-pressed={picked}
      onClick={onPick}
      onMouseEnter={() => onPoint(true)}
      onMouseLeave={() => onPoint(false)}
      onFocus={() => onPoint(true)}
      onBlur={() => onPoint(false)}
      data-dataset={name}
    >
      <span className="graph-name">
        <span className={`dot ${tone}`} />
        <span className="visually-hidden">{schema} </span>
        {table}
      </span>
      <span className="graph-note">
        {writtenAt === null ? 'empty' : `${formatSpan(now - Date.parse(writtenAt))} ago`}
        <span className={tone === 'up' || tone === 'none' ? undefined : tone}> · {words}</span>
      </span>
      {dependsOn.length > 0 && (
        <span className="graph-note graph-parents">from {dependsOn.map((parent) => parent.name.split('.')[1]).join(', ')}</span>
      )}
    </button>
  );
}

interface EdgesProps {
  layout: Layout<Dataset>;
  width: number;
  lineage: ReadonlySet<string> | null;
}

function Edges({ layout, width, lineage }: EdgesProps) {
  return (
    <svg className="graph-edges" viewBox={`0 0 100 ${layout.rows * ROW}`} preserveAspectRatio="none" aria-hidden="true">
      {layout.lines.map(({ from, to, points }) => {
        const lit = lineage?.has(from) && lineage.has(to);
        return <path key={`${from} ${to}`} d={draw(points, width)} className={lit ? 'lit' : undefined} />;
      })}
    </svg>
  );
}

/** Bends in the gaps between layers, and goes straight through those that it passes. */
function draw(points: readonly Point[], width: number): string {
  const left = ({ layer }: Point) => layer * (width + GAP_PCT);
  const y = ({ row }: Point) => (row + 0.5) * ROW;
  const [first, ...others] = points as [Point, ...Point[]];
  let path = `M${left(first) + width} ${y(first)}`;
  let before = first;
  for (const [index, point] of others.entries()) {
    const [x1, x2] = [left(before) + width, left(point)];
    path += `C${(x1 + x2) / 2} ${y(before)} ${(x1 + x2) / 2} ${y(point)} ${x2} ${y(point)}`;
    if (index < others.length - 1) path += `H${x2 + width}`;
    before = point;
  }
  return path;
}
