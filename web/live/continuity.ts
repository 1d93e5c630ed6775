/**
 * Proof that no update is missing: each one names the price that it replaced, which must be the last price seen of its coin.
 * Must stay true: a break in that chain is counted, never smoothed over; what came while we were away is counted as caught up.
 */
export interface ChainedUpdate {
  coinId: string;
  usd: string;
  previousUsd: string | null;
  observedAt: string;
}

export interface Resumption {
  lostAt: number;
  backAt: number;
  /** Updates of the time between, sent first. */
  caughtUp: number;
}

export interface ContinuityReport {
  received: number;
  /** Updates whose previous price was the last one seen. */
  linked: number;
  /** Updates whose previous price was not: something between is missing. */
  broken: number;
  /** Newest first. */
  resumptions: readonly Resumption[];
  /** The cursor had expired: how often what lies between was lost. */
  expiries: number;
}

const MOST_RESUMPTIONS = 5;

export class Continuity {
  readonly #last = new Map<string, string>();
  #report: ContinuityReport = { received: 0, linked: 0, broken: 0, resumptions: [], expiries: 0 };
  #lostAt: number | null = null;

  get report(): ContinuityReport {
    return this.#report;
  }

  accept({ coinId, usd, previousUsd, observedAt }: ChainedUpdate): void {
    const last = this.#last.get(coinId);
    this.#last.set(coinId, usd);
    const report = { ...this.#report, received: this.#report.received + 1 };
    if (last !== undefined) {
      if (last === previousUsd) report.linked++;
      else report.broken++;
    }
    const [newest, ...older] = report.resumptions;
    if (newest !== undefined && Date.parse(observedAt) <= newest.backAt) {
      report.resumptions = [{ ...newest, caughtUp: newest.caughtUp + 1 }, ...older];
    }
    this.#report = report;
  }

  lost(at: number): void {
    this.#lostAt ??= at;
  }

  /** Connected; whether it was lost before. */
  back(at: number): boolean {
    if (this.#lostAt === null) return false;
    const resumption = { lostAt: this.#lostAt, backAt: at, caughtUp: 0 };
    this.#lostAt = null;
    this.#report = { ...this.#report, resumptions: [resumption, ...this.#report.resumptions].slice(0, MOST_RESUMPTIONS) };
    return true;
  }

  /** Begins anew: no chain reaches over what is lost. */
  expired(): void {
    this.#last.clear();
    this.#report = { ...this.#report, expiries: this.#report.expiries + 1 };
  }
}
