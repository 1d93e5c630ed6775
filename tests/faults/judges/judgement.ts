/** Brings the platform to rest and asks every judge. What they find, in words; nothing: all promises were kept. */
import { setTimeout as sleep } from 'node:timers/promises';
import { dayOf } from '../../../src/domain/time.js';
import { findPublishedThrough } from '../../../src/store/pipelines/datasets.js';
import { requestRunByHand } from '../../../src/store/pipelines/runs.js';
import { modelPushed } from '../../kit/reference/prices.js';
import { martDifferences } from '../../kit/reference/published-marts.js';
import { alertDifferences, priceDifferences, readRules } from '../../kit/reference/published-prices.js';
import { waitFor } from '../../kit/wait-for.js';
import type { Subscriber } from '../load/subscriber.js';
import type { Platform } from '../platform/platform.js';
import { hasStoredUpTo } from '../platform/progress.js';
import type { Scene } from '../scene.js';
import { dueOf, judgeSubscriber, judgeTopics } from './announcements.js';
import { type Evidence, gatherEvidence, readSaid } from './evidence.js';
import { judgeLogPositions } from './log-positions.js';
import { judgeRebuild } from './rebuild.js';
import { step } from './step.js';

export interface Judgement {
  positions: number;
  /** By judge; each has found something. */
  findings: Record<string, string[]>;
}

const MOST_FINDINGS = 5;
/** What looks through all that there is takes the platform's time. */
const LOOK_AGAIN_MS = 500;

/** The load goes on again afterwards. */
export async function judge(scene: Scene, judgeRuns: () => Promise<string[]>, withinMs: number): Promise<Judgement> {
  await step('the ticks stop', () => scene.ticks.stop());
  await step('the other load stops', () => scene.batch.stop());
  scene.source.standStill();
  try {
    for (let attempt = 1; ; attempt++) {
      await step('the platform comes to rest', () => comeToRest(scene.platform, withinMs));
      const before = await fingerprint(scene.platform);
      // A run of history that was due again may have begun meanwhile, or a producer that was frozen sent what another one had sent.
      const stands = async () => attempt === 3 || (await fingerprint(scene.platform)) === before;
      const judgement = await askAll(scene, judgeRuns, { withinMs, stands });
      if (await stands()) return judgement;
    }
  } finally {
    scene.source.goOn();
  }
}

/** Everything that was accepted is stored, every run has ended, every mark of a closed day is published. */
async function comeToRest(platform: Platform, withinMs: number): Promise<void> {
  for (const each of platform.processes) await waitFor(`${each.name} is ready`, () => each.isReady(), { withinMs });
  await waitFor('the stream has stored all that is in the log', () => hasStoredUpTo(platform, null), { withinMs });
  await waitFor(
    'every run has ended and every mark is published',
    async () => {
      const { pool } = platform.db();
      const open = await pool.query(`SELECT FROM ops.pipeline_runs WHERE status IN ('QUEUED', 'RUNNING')`);
      if (open.rowCount !== 0) return false;
      const marks = await pool.query('SELECT FROM ops.changed_days WHERE day <= (SELECT max(published_through) FROM ops.datasets) LIMIT 1');
      if (marks.rowCount === 0) return true;
      await requestRunByHand(pool, { pipeline: 'restate', logicalDate: null, now: new Date() });
      return false;
    },
    { withinMs, everyMs: 100 },
  );
}

async function fingerprint(platform: Platform): Promise<string> {
  const { rows } = await platform.db().pool.query(
    `SELECT (SELECT count(*) FROM raw.raw_prices) AS prices, (SELECT count(*) FROM raw.raw_market_data) AS snapshots,
       (SELECT count(*) FROM ops.changed_days WHERE day <= (SELECT max(published_through) FROM ops.datasets)) AS marks`,
  );
  return Object.values(rows[0] as object).join(' ');
}

/** How long what was committed may still be on its way; and whether what is judged by still is all that there is: else nobody need wait. */
interface Patience {
  withinMs: number;
  stands(): Promise<boolean>;
}

async function askAll(scene: Scene, judgeRuns: () => Promise<string[]>, patience: Patience): Promise<Judgement> {
  const { platform, ticks, subscribers } = scene;
  const { pool } = platform.db();
  const evidence = await step('what there is is read back', () => gatherEvidence(platform));
  const judges: Record<string, () => Promise<string[]>> = {
    'log positions': () => judgeLogPositions(pool, evidence, ticks.acknowledged),
    'prices against the reference': () => priceDifferences(pool, evidence.standing, evidence.feeds),
    'marts against the reference': () => judgeMarts(platform, evidence),
    'alerts against a replay': async () => alertDifferences(pool, evidence.accepted, await readRules(pool)),
    'topics of updates and alerts': () => untilSilent(() => askTopics(scene, evidence), patience),
    subscribers: () => judgeSubscribers(subscribers, evidence, patience),
    'run ledger': judgeRuns,
    rebuild: () => judgeRebuild(platform),
  };
  const findings: [string, string[]][] = [];
  for (const [name, ask] of Object.entries(judges)) {
    const wrong = await step(name, ask);
    if (wrong.length > 0) findings.push([name, wrong]);
  }
  return {
    positions: evidence.prices.length,
    findings: Object.fromEntries(findings.map(([name, wrong]) => [name, [`${wrong.length} findings`, ...wrong.slice(0, MOST_FINDINGS)]])),
  };
}

async function judgeMarts(platform: Platform, { raw, standing }: Evidence): Promise<string[]> {
  const { pool } = platform.db();
  const through = await findPublishedThrough(pool);
  if (through === null) return ['nothing was published'];
  const first = raw.reduce((least, row) => (row.observedAt < least ? row.observedAt : least), new Date());
  return martDifferences(pool, { raw, prices: standing }, dayOf(first), through);
}

/** What was committed last may still be on its way to the topics. */
async function askTopics({ platform, unrest }: Scene, evidence: Evidence): Promise<string[]> {
  const mayRepeatAt = (instant: Date) =>
    platform.broker !== null && unrest.some(({ from, until }) => from <= instant.getTime() && instant.getTime() <= until);
  return judgeTopics(platform.db().pool, { ...evidence, ...(await readSaid(platform)) }, mayRepeatAt);
}

async function untilSilent(ask: () => Promise<string[]>, { withinMs, stands }: Patience): Promise<string[]> {
  for (const deadline = performance.now() + withinMs; ; await sleep(LOOK_AGAIN_MS)) {
    const wrong = await ask();
    if (wrong.length === 0 || performance.now() > deadline || !(await stands())) return wrong;
  }
}

async function judgeSubscribers(subscribers: Subscriber[], { accepted }: Evidence, { withinMs, stands }: Patience) {
  const due = dueOf(modelPushed(accepted));
  const deadline = performance.now() + withinMs;
  for (let behind = subscribers; ; await sleep(LOOK_AGAIN_MS)) {
    // Who has all needs no second look while others, and the gateways that serve them, need the time.
    const verdicts = behind.map((each) => [each, judgeSubscriber(each, due)] as const);
    const wrong = verdicts.flatMap(([, verdict]) => verdict ?? []);
    if (wrong.length > 0) return wrong;
    behind = verdicts.filter(([, verdict]) => verdict === null).map(([each]) => each);
    if (behind.length === 0) return subscribers.flatMap((each) => judgeSubscriber(each, due) ?? []); // a repeat may have come since
    if (performance.now() > deadline || !(await stands())) return behind.map(({ name }) => `${name} has not seen all that was pushed`);
  }
}
