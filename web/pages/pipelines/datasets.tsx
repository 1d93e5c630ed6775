/** The datasets from source to mart as a graph: how fresh each is, and what its checks found. One is picked to see more of it. */
import { useMemo, useState } from 'react';
import { useAnswer } from '../../api/client.js';
import { DATASETS, type Dataset } from '../../api/operations/pipelines.js';
import { formatMinute, formatSpan, sentence } from '../../format/figures.js';
import { useNow } from '../../ui/now.js';
import { Empty, Problem } from '../../ui/states.js';
import { checkState } from './check-state.js';
import { Graph } from './graph.js';

const NONE = {};
const ASK_AGAIN_MS = 5_000;

export function Datasets() {
  const { data, problem, refresh } = useAnswer(DATASETS, NONE, { everyMs: ASK_AGAIN_MS });
  const [picked, setPicked] = useState<string | null>(null);
  const datasets = data?.datasets;
  const dataset = useMemo(() => datasets?.find(({ name }) => name === picked), [datasets, picked]);
  return (
    <>
      <section className="panel" aria-label="Datasets" aria-busy={datasets === undefined}>
        <div className="panel-head">
          <h2>From source to mart</h2>
          <span className="muted small">How long ago each was written, and what its newest checks found</span>
        </div>
        {datasets === undefined ? (
          <div className="graph-waiting">
            {problem !== null && <Problem what="The datasets cannot be shown" problem={problem} retry={refresh} />}
          </div>
        ) : datasets.length === 0 ? (
          <Empty title="No datasets yet">A worker registers them when it first starts.</Empty>
        ) : (
          <Graph datasets={datasets} picked={picked} onPick={(name) => setPicked(name === picked ? null : name)} />
        )}
      </section>
      <p role="status" className="visually-hidden">
        {dataset && `${dataset.name}: ${checkState(dataset.checks).words}`}
      </p>
      {dataset && <Details dataset={dataset} />}
    </>
  );
}

function Details({ dataset: { name, grain, version, writtenAt, dependsOn, checks } }: { dataset: Dataset }) {
  const now = useNow();
  return (
    <section className="panel" aria-label={name}>
      <div className="panel-head">
        <h2 className="mono">{name}</h2>
        <span className={`badge ${checkState(checks).tone}`}>{checkState(checks).words}</span>
      </div>
      <dl className="pairs wide-pairs">
        <dt>One row is</dt>
        <dd>{grain}</dd>
        <dt>Made from</dt>
        <dd>{dependsOn.length === 0 ? 'the source' : dependsOn.map((parent) => parent.name).join(', ')}</dd>
        <dt>Written</dt>
        <dd>{writtenAt === null ? 'never' : `${formatSpan(now - Date.parse(writtenAt))} ago`}</dd>
        <dt>Publications</dt>
        <dd>{version === '0' ? 'none: written by the stream or a fetch, not published in one go' : version}</dd>
      </dl>
      {checks.length > 0 && (
        <div className="table-scroll">
          <table>
            <thead>
              <tr>
                <th>Check</th>
                <th>Found</th>
                <th>If broken</th>
                <th className="number">Rows</th>
                <th>Checked</th>
              </tr>
            </thead>
            <tbody>
              {checks.map((check) => (
                <tr key={check.name}>
                  <td className="mono wrap" title={check.message ?? undefined}>
                    {check.name}
                  </td>
                  <td>
                    <span className={`badge ${checkState([check]).tone}`}>{sentence(check.status)}</span>
                  </td>
                  <td className="muted">{check.severity === 'ERROR' ? 'blocks' : 'warns'}</td>
                  <td className="number">{check.failedRows}</td>
                  <td className="muted">{formatMinute(check.checkedAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
