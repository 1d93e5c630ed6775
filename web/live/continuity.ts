/**
 * Proof that no update is missing: each one names the price that it replaced, which must be the last price seen of its coin.
 * Must stay true: a break in that chain is counted, never smoothed over; what came while we were away is counted, or said to be lost.
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
  /** Updates sent since then that were observed until then, by the source's clock. */
  caughtUp: number;
  /** There was no cursor to go on from, or it had expired: what came meanwhile is not sent. */
  lost: boolean;
}

export interface ContinuityReport {
  received: number;
  /** Updates whose previous price was the last one seen. */
  linked: number;
  /** Updates whose previous price was not: something between is missing. */
  broken: number;
  /** Newest first. */
  resumptions: readonly Resumption[];
  /** How often what came meanwhile was lost. */
  losses: number;
}

const MOST_RESUMPTIONS = 5;

export class Continuity {
  readonly #last = new Map<string, string>();
  #report: ContinuityReport = { received: 0, linked: 0, broken: 0, resumptions: [], losses: 0 };
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
    const resumption = { lostAt: this.#lostAt, backAt: at, caughtUp: 0, lost: false };
    this.#lostAt = null;
    this.#report = { ...this.#report, resumptions: [resumption, ...this.#report.resumptions].slice(0, MOST_RESUMPTIONS) };
    return true;
  }

  /** Begins anew: what came since the last update is lost, and no chain reaches over it. */
  beginAnew(): void {
    this.#last.clear();
    const { losses, resumptions } = this.#report;
    this.#report = {
      ...this.#report,
      losses: losses + 1,
      resumptions: resumptions.map((each, index) => (index === 0 ? { ...each, lost: true } : each)),
    };
  }
}
