/**
 * The price a window before a tick, for rules that look back: of the ticks that stand before it in the log, the newest that is at least one
 * window older and at most two. As the log had it then, so the cut into batches does not change an answer. Before it stands what has a
 * lower position in its partition, and all that is stored from another one: a coin moves when partitions are added, after the old one is
 * drained. What the batch itself says is not looked up: while catching up that is nearly every answer.
 */
import type { Decimal } from '../domain/decimal.js';
import { MINUTE } from '../domain/time.js';
import type { Queryable } from '../platform/postgres/database.js';
import type { LoggedTick } from './evaluation.js';

export interface AskingTicks {
  /** Every tick that the batch stores of the sources that feed their coins, in log order; stored already. */
  logged: readonly LoggedTick[];
  /** Those of them that are evaluated, in the same order. */
  asking: readonly LoggedTick[];
  /** observed_at of each coin's newest tick before the batch; a coin that had none is absent. */
  storedUntil: ReadonlyMap<string, Date>;
}

/** By window in minutes, one answer for each asking tick; null: there is no such price. */
export type BasePrices = ReadonlyMap<number, readonly (Decimal | null)[]>;

interface LookUp {
  tick: LoggedTick;
  index: number;
  minutes: number;
}

/** Look-ups of one coin and window that follow each other closely: what is stored between them is read in one go. */
type Stretch = [LookUp, ...LookUp[]];

/** What is stored between two neighbours is read whether it is the answer to one or not, be it ten ticks a second. */
const LONGEST_GAP = MINUTE;

export async function findBasePrices(tx: Queryable, ticks: AskingTicks, windows: readonly number[]): Promise<BasePrices> {
  const answers = new Map(windows.map((minutes) => [minutes, new Array<Decimal | null>(ticks.asking.length).fill(null)]));
  const places = new Map(ticks.asking.map((tick, index) => [tick, index]));
  const series = new Map<string, LoggedTick[]>();
  const lookUps: LookUp[] = [];
  for (const tick of ticks.logged) {
    const key = `${tick.coinId}\0${tick.origin}`; // a coin that has moved to another partition has a series in each
    const earlier = series.get(key) ?? [];
    series.set(key, earlier);
    const index = places.get(tick);
    if (index !== undefined) {
      const stored = ticks.storedUntil.get(tick.coinId)?.getTime() ?? Number.NEGATIVE_INFINITY;
      for (const [minutes, found] of answers) {
        const until = tick.observedAt.getTime() - minutes * MINUTE;
        const base = newestUntil(earlier, until);
        // A tick of the batch that is newer than all stored ones hides them.
        if (stored !== Number.NEGATIVE_INFINITY && !(base !== undefined && base.observedAt.getTime() > stored)) {
          lookUps.push({ tick, index, minutes });
        } else if (base !== undefined && base.observedAt.getTime() >= until - minutes * MINUTE) found[index] = base.priceUsd;
      }
    }
    insertSorted(earlier, tick);
  }
  for (const { index, minutes, priceUsd } of await getStoredBases(tx, lookUps)) (answers.get(minutes) as Decimal[])[index] = priceUsd;
  return answers;
}

/** By observed_at; of several words on one instant the last one received, then the one further on in the log, comes last. */
function insertSorted(series: LoggedTick[], tick: LoggedTick): void {
  let place = series.length;
  while (place > 0 && isBefore(tick, series[place - 1] as LoggedTick)) place--;
  if (place === series.length) series.push(tick);
  else series.splice(place, 0, tick);
}

function isBefore(a: LoggedTick, b: LoggedTick): boolean {
  const order = a.observedAt.getTime() - b.observedAt.getTime() || a.receivedAt.getTime() - b.receivedAt.getTime();
  return order < 0 || (order === 0 && a.position < b.position);
}

function newestUntil(series: LoggedTick[], instant: number): LoggedTick | undefined {
  let [low, high] = [0, series.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((series[middle] as LoggedTick).observedAt.getTime() <= instant) low = middle + 1;
    else high = middle;
  }
  return series[low - 1];
}

interface Staged {
  number: bigint;
  observed_at: Date;
  /** Null where it may stand behind the first look-up of its stretch: raw is asked then. */
  price_usd: Decimal | null;
}

interface Received {
  number: bigint;
  price_usd: Decimal;
}

type Answer = Pick<LookUp, 'index' | 'minutes'> & { priceUsd: Decimal };

/**
 * stg_prices says which instant it is, and nearly always the price too: the last word on it, where that stands before the tick in the
 * log. Only where it comes from elsewhere or from further on is raw asked what stood before the tick.
 */
async function getStoredBases(tx: Queryable, lookUps: LookUp[]): Promise<Answer[]> {
  if (lookUps.length === 0) return [];
  const stretches = stretchesOf(lookUps);
  const { rows } = await tx.query<Staged>({ name: 'find-base-prices', text: FIND_STAGED, values: stretchColumns(stretches) });
  const staged = Map.groupBy(rows, (row) => Number(row.number) - 1);
  const answers: Answer[] = [];
  const open: LookUp[] = [];
  for (const [number, stretch] of stretches.entries()) {
    const series = staged.get(number) ?? [];
    let next = 0;
    for (const lookUp of stretch) {
      const [oldestAt, newestAt] = [before(lookUp, 2), before(lookUp, 1)];
      while (next < series.length && (series[next] as Staged).observed_at <= newestAt) next++;
      const base = series[next - 1];
      if (base === undefined || base.observed_at < oldestAt) continue;
      if (base.price_usd === null) open.push(lookUp);
      else answers.push({ index: lookUp.index, minutes: lookUp.minutes, priceUsd: base.price_usd });
    }
  }
  if (open.length === 0) return answers;
  const received = await tx.query<Received>({
    name: 'find-received-base-prices',
    text: FIND_RECEIVED,
    values: columnsOf(open),
  });
  for (const { number, price_usd } of received.rows) {
    const { index, minutes } = open[Number(number) - 1] as LookUp;
    answers.push({ index, minutes, priceUsd: price_usd });
  }
  return answers;
}

/** The look-ups of a coin and window rise in log order. */
function stretchesOf(lookUps: LookUp[]): Stretch[] {
  const stretches: Stretch[] = [];
  const open = new Map<string, Stretch>();
  for (const lookUp of lookUps) {
    const { coinId, source, origin, observedAt } = lookUp.tick;
    const key = `${coinId}\0${source}\0${origin}\0${lookUp.minutes}`;
    const stretch = open.get(key);
    if (stretch !== undefined && observedAt.getTime() - (stretch.at(-1) as LookUp).tick.observedAt.getTime() <= LONGEST_GAP) {
      stretch.push(lookUp);
      continue;
    }
    const begun: Stretch = [lookUp];
    open.set(key, begun);
    stretches.push(begun);
  }
  return stretches;
}

const before = ({ tick, minutes }: LookUp, windows: number) => new Date(tick.observedAt.getTime() - windows * minutes * MINUTE);

/** Of a row of the log that is stored already; rows of history have other origins than those of the tick's topic. */
const standsBefore = (row: string) =>
  `CASE WHEN ${row}.origin = t.origin THEN ${row}.position < t.position ELSE starts_with(${row}.origin, split_part(t.origin, '/', 1) || '/') END`;
/** For each stretch the base of its first look-up and all that was observed from there on up to that of its last; by instant. */
const FIND_STAGED = `
  SELECT t.number, s.observed_at, trim_scale(CASE WHEN ${standsBefore('s')} THEN s.price_usd END)::text AS price_usd
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
    WITH ORDINALITY AS t (coin_id, source, origin, position, oldest_at, newest_at, last_at, number)
  CROSS JOIN LATERAL (
    ( SELECT s.observed_at, s.price_usd, s.origin, s.position FROM staging.stg_prices AS s
      WHERE s.coin_id = t.coin_id AND s.source = t.source AND s.grain = 'tick' AND s.observed_at BETWEEN t.oldest_at AND t.newest_at
      ORDER BY s.observed_at DESC LIMIT 1 )
    UNION ALL
    SELECT s.observed_at, s.price_usd, s.origin, s.position FROM staging.stg_prices AS s
    WHERE t.last_at > t.newest_at AND s.coin_id = t.coin_id AND s.source = t.source AND s.grain = 'tick'
      AND s.observed_at > t.newest_at AND s.observed_at <= t.last_at
  ) AS s
  ORDER BY t.number, s.observed_at`;
const FIND_RECEIVED = `
  SELECT t.number, trim_scale(r.price_usd)::text AS price_usd
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
    WITH ORDINALITY AS t (coin_id, source, origin, position, oldest_at, newest_at, number)
  CROSS JOIN LATERAL (
    SELECT r.price_usd FROM raw.raw_prices AS r
    WHERE r.coin_id = t.coin_id AND r.source = t.source AND ${standsBefore('r')}
      AND r.observed_at BETWEEN t.oldest_at AND t.newest_at
    ORDER BY r.observed_at DESC, r.received_at DESC, r.origin DESC, r.position DESC LIMIT 1
  ) AS r`;

/** The first look-up has the lowest position: what stands before it stands before all. */
function stretchColumns(stretches: Stretch[]): unknown[] {
  return [...columnsOf(stretches.map(([first]) => first)), stretches.map((stretch) => before(stretch.at(-1) as LookUp, 1))];
}

function columnsOf(lookUps: LookUp[]): unknown[] {
  return [
    lookUps.map(({ tick }) => tick.coinId),
    lookUps.map(({ tick }) => tick.source),
    lookUps.map(({ tick }) => tick.origin),
    lookUps.map(({ tick }) => tick.position),
    lookUps.map((each) => before(each, 2)),
    lookUps.map((each) => before(each, 1)),
  ];
}
