/**
 * How a coin did, as of the close of one day. close(D) is the last observation in D (00:00, 24:00], none if it is over 6 h older than
 * D's end; a day without a close has no row. A window of N days is D and the N - 1 calendar days before it. Null where too few days
 * have what is needed. Percentages are in percent (5 means 5 %); figures that are not money have 12 significant digits.
 *
 * return_Nd_pct, return_1y_pct  close(D) / close(D - N) - 1, N = 1, 7, 30, 90, 365 calendar days.
 * volatility_30d_pct  sample standard deviation of the daily ln returns ln(close(d) / close(d - 1)) of 30 days, x sqrt(365); needs 27
 *   (Hull, Options, Futures, and Other Derivatives, "Estimating volatility from historical data"; 365 for a market without weekends).
 * sharpe_30d  mean of those returns over their standard deviation, x sqrt(365), risk-free rate 0 (Sharpe 1966, 1994); none at zero
 *   variance; needs 27.
 * max_drawdown_90d_pct  the lowest close / running maximum - 1 within 90 days, both from the window's first day on; 0 where it never
 *   fell; needs 81 closes (Magdon-Ismail and Atiya, Maximum Drawdown, 2004).
 * sma_7_usd, sma_30_usd  mean of the closes of 7 (needs all) and 30 days (needs 27): the exact sum, divided to at least 16 significant
 *   digits and no fewer decimals than the closes have.
 * rsi_14  100 * G / (G + L) with Wilder's means of gains and losses (Wilder, New Concepts in Technical Trading Systems, 1978): the
 *   first of them is the plain mean of 14 changes, each later one 13/14 of the one before plus 1/14 of the change. Over the last 100
 *   closes, or as many as there are without a hole, at least 30. 100 without losses, 50 if nothing changed.
 * beta_to_bitcoin_90d, correlation_to_bitcoin_90d  covariance of the coin's and bitcoin's daily ln returns over bitcoin's variance,
 *   and over both deviations (Sharpe 1964), of the days of 90 on which both have one; needs 81. None at zero variance of bitcoin, the
 *   correlation also of the coin. Bitcoin's own are 1.
 * Variance is zero where all returns of the window are equal to 15 digits.
 */
import { acceptedRange } from '../../checks/accepted-range.js';
import { freshness } from '../../checks/freshness.js';
import { jump } from '../../checks/jump.js';
import { closesFromRaw } from '../../checks/reconciliations/closes.js';
import { referential } from '../../checks/referential.js';
import { rowCount } from '../../checks/row-count.js';
import { uniqueKey } from '../../checks/unique-key.js';
import type { Mart } from '../transform.js';

const key = ['coin_id', 'day'];

export const martCryptoPerformance: Mart = {
  name: 'mart.mart_crypto_performance',
  grain: 'one coin and UTC day that has a close',
  key,
  reads: ['mart.mart_price_candles'],
  mode: 'publish',
  reach: {
    grain: 'coin-day',
    // RSI reads 100 closes; the return of a year reads the one of 365 days before.
    own: [
      [0, 99],
      [365, 365],
    ],
    // Beta reads 90 returns, the oldest of which needs the close of the day before it.
    bitcoin: [[0, 90]],
  },
  clockColumns: ['computed_at'],
  sql: ['mart/mart_crypto_performance.sql'],
  checks: [
    uniqueKey(key),
    acceptedRange(key, 'price_usd', { above: 0 }),
    acceptedRange(key, 'volatility_30d_pct', { min: 0 }),
    acceptedRange(key, 'max_drawdown_90d_pct', { min: -100, max: 0 }),
    acceptedRange(key, 'sma_7_usd', { above: 0 }),
    acceptedRange(key, 'rsi_14', { min: 0, max: 100 }),
    acceptedRange(key, 'correlation_to_bitcoin_90d', { min: -1, max: 1 }),
    referential(key, 'mart.mart_price_candles', {
      coin_id: 't.coin_id',
      interval: `'1d'`,
      bucket_start: `t.day::timestamp AT TIME ZONE 'UTC'`,
    }),
    closesFromRaw,
    jump(key, 'return_1d_pct', { min: -60, max: 150 }),
    rowCount(({ through }) => `SELECT count(*) FROM mart.mart_crypto_performance WHERE day = '${through}'`),
    freshness(`(SELECT max(day) + 1 FROM mart.mart_crypto_performance)::timestamp AT TIME ZONE 'UTC'`, '30 hours'),
  ],
};
