/**
 * Seeded ticks of every kind that a stream may bring: fresh, out of order, late by up to 60 days, corrections of a day's close, duplicates,
 * corrections, of a source that does not feed, bad rows and bytes that are no record. Each says in its headers what it must become.
 */
import { createMarket, type MarketCoin } from '../../../jobs/sources/simulator/market.js';
import type { Decimal } from '../../../src/domain/decimal.js';
import { encodePriceRecord } from '../../../src/domain/price-record.js';
import type { PriceObservation } from '../../../src/domain/prices.js';
import { DAY, HOUR, SECOND } from '../../../src/domain/time.js';
import type { NewRecord } from '../../../src/platform/event-log/event-log.js';
import type { Random } from '../../kit/random.js';

/** Where a position must end. */
export type Fate = 'raw' | 'rejected' | 'dead letter';

/** Headers of a record of ours. */
export const FATE = 'fate';
export const SERIAL = 'serial';

/** `key`: the coin's id, or what stands in its place. */
interface Made {
  key: string;
  fate: Fate;
  value: Buffer;
}
type Maker = (coin: MarketCoin, now: number) => Made;

export class TickMaker {
  #serial = 0;
  readonly #market;
  readonly #coins: MarketCoin[];
  /** The newest instant given to a coin, and some that were sent, to come back to. */
  readonly #newest = new Map<string, number>();
  readonly #sent: PriceObservation[] = [];

  constructor(
    private readonly random: Random,
    marketSeed: number,
    coinIds: readonly string[],
  ) {
    this.#market = createMarket(marketSeed);
    this.#coins = coinIds.map((coinId) => this.#market.find(coinId) as MarketCoin);
  }

  make(count: number): NewRecord[] {
    const now = Date.now();
    return Array.from({ length: count }, () => this.#record(now));
  }

  /** No records at all, for one partition. */
  makePoison(count: number, partition: number): NewRecord[] {
    const now = Date.now();
    return Array.from({ length: count }, () => ({ ...this.#toRecord(this.#noRecord(this.random.pick(this.#coins), now)), partition }));
  }

  #record(now: number): NewRecord {
    return this.#toRecord(this.#kind()(this.random.pick(this.#coins), now));
  }

  #toRecord({ key, fate, value }: Made): NewRecord {
    return { key, value, headers: { [FATE]: fate, [SERIAL]: String(this.#serial++) } };
  }

  #kind(): Maker {
    const lot = this.random.next();
    if (lot < 0.74) return this.#fresh;
    if (lot < 0.82) return this.#outOfOrder;
    if (lot < 0.85) return this.#late;
    if (lot < 0.86) return this.#closeOfADay;
    if (lot < 0.91) return this.#duplicate;
    if (lot < 0.96) return this.#correction;
    if (lot < 0.97) return this.#otherSource;
    return lot < 0.985 ? this.#bad : this.#noRecord;
  }

  /** Never at a whole second, where the source's own observations stand. */
  readonly #fresh: Maker = (coin, now) => {
    const at = Math.max(now, (this.#newest.get(coin.id) ?? 0) + 1);
    this.#newest.set(coin.id, at % SECOND === 0 ? at + 1 : at);
    return this.#accepted(this.#observe(coin, this.#newest.get(coin.id) as number, now));
  };

  readonly #outOfOrder: Maker = (coin, now) => this.#accepted(this.#observe(coin, now - this.random.int(1, 5 * SECOND), now));

  readonly #late: Maker = (coin, now) => this.#accepted(this.#observe(coin, now - this.random.int(HOUR, 60 * DAY), now));

  /** Exactly at a day's end, where the daily points of history stand. */
  readonly #closeOfADay: Maker = (coin, now) =>
    this.#accepted(this.#observe(coin, (Math.floor(now / DAY) - this.random.int(0, 99)) * DAY, now));

  readonly #duplicate: Maker = (coin, now) => {
    const earlier = this.#sent.length === 0 ? null : this.random.pick(this.#sent);
    if (earlier === null) return this.#fresh(coin, now);
    return this.#accepted(this.random.next() < 0.5 ? earlier : { ...earlier, receivedAt: new Date(now) });
  };

  readonly #correction: Maker = (coin, now) => {
    const earlier = this.random.next() < 0.5 ? this.#sent.at(-1) : this.#sent[this.random.int(0, this.#sent.length - 1)];
    if (earlier === undefined) return this.#fresh(coin, now);
    const { coinId, observedAt } = earlier;
    return this.#accepted(this.#observe(this.#market.find(coinId) as MarketCoin, observedAt.getTime(), now));
  };

  readonly #otherSource: Maker = (coin, now) => ({
    key: coin.id,
    fate: 'raw',
    value: encodePriceRecord({ ...this.#observe(coin, now, now), source: 'kraken' }),
  });

  readonly #bad: Maker = (coin, now) => {
    const good = this.#observe(coin, now, now);
    const price = (text: string) => ({ ...good, priceUsd: text as Decimal });
    const bad = this.random.pick<PriceObservation>([
      { ...good, coinId: 'a-coin-that-nobody-follows' },
      { ...good, source: 'simulator' },
      { ...good, observedAt: new Date(now + HOUR) },
      { ...good, observedAt: new Date(now - 500 * DAY) },
      price('-1'),
      price('0'),
      price(`1${'0'.repeat(150)}`),
      { ...good, payload: '{"half' },
    ]);
    return { key: bad.coinId, fate: 'rejected', value: encodePriceRecord(bad) };
  };

  readonly #noRecord: Maker = (coin, now) => {
    const good = encodePriceRecord(this.#observe(coin, now, now));
    const broken = [Buffer.from([0xff, 0xfe, 0x00]), good.subarray(0, good.length >> 1), Buffer.alloc(0), Buffer.from('null')];
    return { key: coin.id, fate: 'dead letter', value: this.random.pick(broken) };
  };

  #observe(coin: MarketCoin, observedAt: number, now: number): PriceObservation {
    const moved = this.#market.price(coin, observedAt) * (1 + (this.random.next() - 0.5) * 0.008);
    const priceUsd = moved.toPrecision(15).includes('e') ? moved.toFixed(20) : moved.toPrecision(15);
    return {
      source: 'coingecko',
      coinId: coin.id,
      priceUsd: priceUsd as Decimal,
      observedAt: new Date(observedAt),
      receivedAt: new Date(now),
      payload: `{"usd":${priceUsd}}`,
    };
  }

  #accepted(price: PriceObservation): Made {
    if (this.#sent.length === 200) this.#sent.shift();
    this.#sent.push(price);
    return { key: price.coinId, fate: 'raw', value: encodePriceRecord(price) };
  }
}
