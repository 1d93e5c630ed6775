/** The picture of the datasets: boxes in layers, a line for each "is made from". On a phone, a list in the same order. */
import { type CSSProperties, useMemo, useState } from 'react';
import type { Dataset } from '../../api/operations/pipelines.js';
import { formatSpan } from '../../format/figures.js';
import { useNow } from '../../ui/now.js';
import { checkState } from './check-state.js';
import { type Layout, layOut, lineageOf, type Placed } from './graph-layout.js';

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

function Box({ dataset: { name, writtenAt, checks }, picked, dimmed, style, onPick, onPoint }: BoxProps) {
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
    </button>
  );
}

interface EdgesProps {
  layout: Layout<Dataset>;
  width: number;
  lineage: ReadonlySet<string> | null;
}

function Edges({ layout, width, lineage }: EdgesProps) {
  const places = new Map(layout.placed.map((placed) => [placed.node.name, placed]));
  const edges = layout.placed.flatMap((to) =>
    to.node.dependsOn.flatMap(({ name }) => {
      const from = places.get(name);
      return from === undefined ? [] : [{ from, to }];
    }),
  );
  return (
    <svg className="graph-edges" viewBox={`0 0 100 ${layout.rows * ROW}`} preserveAspectRatio="none" aria-hidden="true">
      {edges.map(({ from, to }) => {
        const lit = lineage?.has(from.node.name) && lineage.has(to.node.name);
        return <path key={`${from.node.name} ${to.node.name}`} d={curve(from, to, width)} className={lit ? 'lit' : undefined} />;
      })}
    </svg>
  );
}

function curve(from: Placed<Dataset>, to: Placed<Dataset>, width: number): string {
  const x1 = from.layer * (width + GAP_PCT) + width;
  const x2 = to.layer * (width + GAP_PCT);
  const [y1, y2] = [(from.row + 0.5) * ROW, (to.row + 0.5) * ROW];
  const bend = GAP_PCT * 0.6;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
