/**
 * One life of a platform through many faults: load on, fault, recovery, rest, judgement, and on with the next one on the same data.
 * Everything that is drawn comes from one seed; FAULT_SEED=<n> gives the same draws again (when a real process dies is not ours to say).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createMarket, type MarketCoin } from '../../jobs/sources/simulator/market.js';
import { type Decimal, parseDecimal } from '../../src/domain/decimal.js';
import { Random } from '../kit/random.js';
import { waitFor } from '../kit/wait-for.js';
import type { Fault } from './faults/fault.js';
import { judgeEnds } from './judges/ends.js';
import { type Judgement, judge } from './judges/judgement.js';
import { openLedger } from './judges/ledger.js';
import { step } from './judges/step.js';
import { findDatasetVersions } from './judges/versions.js';
import { BatchLoad } from './load/batch-load.js';
import { Subscriber } from './load/subscriber.js';
import { TickLoad } from './load/tick-load.js';
import { TickMaker } from './load/ticks.js';
import type { MakeUpOptions } from './platform/make-up.js';
import { sendsAgain } from './platform/metrics.js';
import { type Platform, thatAre } from './platform/platform.js';
import { endsOf, hasStoredUpTo } from './platform/progress.js';
import { type Source, startSource } from './platform/source.js';
import type { Scene } from './scene.js';

export const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 1_000_000));
/** The simulated market: the same prices every time. */
const MARKET_SEED = 7;
const COINS = ['bitcoin', 'ethereum', 'ripple', 'solana', 'dogecoin', 'cardano', 'chainlink', 'shiba-inu'];

/** An append that nobody answers is given up after 30 s, and made again within 5. */
const SAID_AGAIN_MS = 40_000;

export interface FaultReport {
  name: string;
  platform: string;
  /** Null: it was judged. */
  leftOut: string | null;
  injected: number;
  positions: number;
  /** Times that marts were made anew and published. */
  restatements: number;
  /** From the end of the fault until every process is ready and what was in the log by then is stored. */
  recoveryMs: number[];
  findings: Judgement['findings'];
}

export interface Campaign {
  scene: Scene;
  run(fault: Fault): Promise<FaultReport>;
  stop(): Promise<void>;
}

/** What goes on while faults are injected. */
export interface Load {
  ticksPerSecond: number;
  subscribers: number;
  /** How many coins have ticks. */
  coins: number;
  /** On average; the first subscriber has all. */
  coinsOfASubscriber: number;
}
const USUAL_LOAD: Load = { ticksPerSecond: 500, subscribers: 20, coins: 8, coinsOfASubscriber: 2.4 };

export interface CampaignOptions {
  makeUp(options: MakeUpOptions): Promise<Platform>;
  root?: string;
  load?: Load;
  /** How long recovery, and coming to rest, may take. */
  patienceMs: number;
}

export async function startCampaign({ makeUp, root, patienceMs, load = USUAL_LOAD }: CampaignOptions): Promise<Campaign> {
  const random = new Random(SEED);
  const source = await startSource(MARKET_SEED);
  const market = createMarket(MARKET_SEED);
  const coinIds = [...new Set([...COINS, ...market.coins.map((coin) => coin.id)])];
  const others = coinIds.splice(load.coins);
  const levels = new Map(coinIds.map((id) => [id, toLevel(market.price(market.find(id) as MarketCoin, Date.now()))]));
  const platform = await makeUp({ root, sourceUrl: source.url, coinIds, levels }).catch(async (error: unknown) => {
    await source.stop();
    throw error;
  });
  const ticksPerSecond = Number(process.env.FAULT_TICKS_PER_SECOND ?? load.ticksPerSecond);
  const scene: Scene = {
    platform,
    source,
    random: random.of('faults'),
    ticks: new TickLoad(platform, new TickMaker(random.of('ticks'), MARKET_SEED, coinIds), ticksPerSecond),
    batch: new BatchLoad(platform, source.url, others),
    subscribers: [],
    unrest: [],
  };
  const stop = () => stopAll(scene, source);
  try {
    await platform.start();
    scene.subscribers.push(...subscribe(platform, random.of('subscribers'), coinIds, load));
  } catch (error) {
    const said = platform.processes.map((each) => each.output.slice(-3_000)).join('\n');
    await stop();
    throw new Error(`the platform did not start: ${(error as Error).message}\n${said}`, { cause: error });
  }
  return { scene, stop, run: (fault) => runFault(scene, fault, patienceMs) };
}

const toLevel = (price: number) => parseDecimal(price < 1e-6 ? price.toFixed(18) : String(price)) as Decimal;

function subscribe(platform: Platform, random: Random, coinIds: string[], { subscribers, coinsOfASubscriber }: Load): Subscriber[] {
  return Array.from({ length: subscribers }, (_, index) => {
    const some = coinIds.filter(() => random.next() < coinsOfASubscriber / coinIds.length);
    return new Subscriber(index, index === 0 ? null : some.length > 0 ? some : ['bitcoin'], platform.gateways);
  });
}

async function stopAll(scene: Scene, source: Source): Promise<void> {
  try {
    await Promise.all([scene.ticks.stop(), scene.batch.stop(), ...scene.subscribers.map((each) => each.stop())]);
  } finally {
    await scene.platform.stop();
    await source.stop();
  }
}

async function runFault(scene: Scene, fault: Fault, patienceMs: number): Promise<FaultReport> {
  const { platform } = scene;
  const report: FaultReport = {
    name: fault.name,
    platform: platform.kind,
    leftOut: fault.impossible?.(scene) ?? null,
    injected: 0,
    positions: 0,
    restatements: 0,
    recoveryMs: [],
    findings: {},
  };
  if (report.leftOut !== null) return report;
  const versionBefore = await waitFor('the database answers', () => findDatasetVersions(platform.db().pool), {
    withinMs: patienceMs,
  });
  scene.ticks.start();
  scene.batch.start();
  const harmed = fault.times * (fault.harmsWorkers?.(scene) ?? 1);
  const judgeRuns = await openLedger(platform, { workers: harmed, leasesLapse: fault.leasesLapse === true });
  let mayEnd = fault.mayEnd?.(scene);
  const ends: string[] = [];
  try {
    for (; report.injected < fault.times; report.injected++) {
      await sleep(scene.random.int(1_500, 3_000)); // load before and between
      const unrest = { from: Date.now(), until: Number.POSITIVE_INFINITY };
      if (fault.name !== 'none (control)') scene.unrest.push(unrest);
      await step(fault.name, () => fault.inject(scene));
      report.recoveryMs.push(await recover(platform, patienceMs));
      await Promise.all(thatAre('producer', platform).map((each) => sendsAgain(each, patienceMs)));
      unrest.until = Date.now() + SAID_AGAIN_MS;
    }
    ends.push(...judgeEnds(platform, mayEnd));
    mayEnd = [];
    await sleep(1_500);
    const judgement = await judge(scene, judgeRuns, patienceMs);
    report.positions = judgement.positions;
    report.findings = judgement.findings;
    report.restatements = (await findDatasetVersions(platform.db().pool)) - versionBefore;
  } catch (error) {
    const said = platform.processes.map((each) => `${each.name}:\n${each.output.slice(-2_500)}`);
    report.findings.recovery = [String((error as Error).stack), ...said];
    // The reason may be there to see, though nothing comes to rest.
    const takeovers = await judgeRuns().catch(() => []);
    if (takeovers.length > 0) report.findings['run ledger'] = takeovers;
  }
  ends.push(...judgeEnds(platform, mayEnd));
  if (ends.length > 0) report.findings.ends = ends;
  return report;
}

async function recover(platform: Platform, withinMs: number): Promise<number> {
  const begun = performance.now();
  const ends = await waitFor('the log can be read', () => endsOf(platform), { withinMs });
  await waitFor(
    'every process is ready, and what was in the log is stored',
    async () => {
      await Promise.all(platform.processes.map((each) => each.isReady()));
      return hasStoredUpTo(platform, ends);
    },
    { withinMs, everyMs: 100 },
  );
  return performance.now() - begun;
}
