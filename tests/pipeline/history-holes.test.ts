/** What is missing is found, once, whatever the platform missed it for. */
import { describe, expect, test } from '@jest/globals';
import { queueHoles } from '../../jobs/pipelines/history.js';
import { DAY, HOUR, MINUTE } from '../../src/domain/time.js';
import { fixedClock } from '../kit/clock.js';
import { waitFor } from '../kit/wait-for.js';
import { at, COINS, useHistory } from './setting/history.js';
import { scriptedSource } from './setting/scripted-source.js';

const { clock, query, db, depsWith, trackAll, ledger, ticks } = useHistory();

describe('finding what is missing', () => {
  const source = scriptedSource(clock, COINS);

  test('a coin that is new needs the year before it, once', async () => {
    await trackAll(['bitcoin']);
    expect(await queueHoles(depsWith(source))).toBe(3);
    expect(await ledger()).toEqual([
      'bitcoin 1d 2025-10-16 10:00 to 2026-11-20 10:00 PENDING',
      'bitcoin 1h 2026-08-22 10:00 to 2026-11-20 10:00 PENDING',
      'bitcoin 5m 2026-11-19 10:00 to 2026-11-20 10:00 PENDING',
    ]);
    clock.advance(9 * MINUTE);
    expect(await queueHoles(depsWith(source))).toBe(0);
  });

  test('two workers that look at once, by clocks apart, ask once', async () => {
    await trackAll(['bitcoin']);
    const holder = await db().pool.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE ops.history_intervals IN SHARE MODE'); // it can be read, and not added to
      const first = queueHoles(depsWith(source));
      const waiting = async () =>
        (await query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).rowCount;
      await waitFor('the first to have looked', async () => (await waiting()) === 1, { withinMs: 20_000 });
      const second = queueHoles({ ...depsWith(source), clock: fixedClock(new Date(clock.now().getTime() + MINUTE)) });
      await waitFor('the second', async () => (await waiting()) === 2, { withinMs: 20_000 });
      await holder.query('COMMIT');
      expect([await first, await second]).toEqual([3, 0]);
    } finally {
      holder.release();
    }
  });

  test('a plan or a retention that gives less is asked for less; what a bigger plan adds is asked for then', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith({ ...source, historyDays: 365 }, 30));
    expect((await ledger())[0]).toBe('bitcoin 1d 2026-10-21 10:00 to 2026-11-20 10:00 PENDING');
    await queueHoles(depsWith({ ...source, historyDays: 365 }));
    await queueHoles(depsWith(source));
    expect((await ledger()).filter((line) => line.includes(' 1d '))).toEqual([
      'bitcoin 1d 2026-10-21 10:00 to 2026-11-20 10:00 PENDING',
      'bitcoin 1d 2025-11-20 10:00 to 2026-10-21 10:00 PENDING',
      'bitcoin 1d 2025-10-16 10:00 to 2025-11-20 10:00 PENDING',
    ]);
  });

  test('what the plan never reaches is one gap, however often it is looked for', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith({ ...source, historyDays: 365 }));
    const gaps = async () => (await query('SELECT from_at, to_at FROM ops.gaps ORDER BY id')).rows;
    clock.advance(20 * DAY);
    for (let hour = 0; hour < 3; hour++) {
      await queueHoles(depsWith(source));
      clock.advance(HOUR);
    }
    const { rows } = await query(
      `SELECT tracked_at - interval '400 days' AS from_at, tracked_at - interval '380 days' AS to_at FROM ops.tracked_coins`,
    );
    expect(await gaps()).toEqual(rows);
  });

  test('a downtime and a hole within the last days are asked for, once; nine minutes are none', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith(source));
    await query(`UPDATE ops.history_intervals SET status = 'DONE'`);
    await ticks('bitcoin', at('20T10:01:00'), at('20T11:00:00'));
    await ticks('bitcoin', at('20T11:09:00'), at('20T12:00:00')); // 9 minutes: quiet
    await ticks('bitcoin', at('20T12:30:00'), at('20T13:00:00')); // half an hour is missing
    clock.set(at('20T15:00:00')); // and two more
    expect(await queueHoles(depsWith(source))).toBe(2);
    expect(await queueHoles(depsWith(source))).toBe(0);
    // Ticks come again; the hole that was asked for until 15:00 is closed a little later.
    await ticks('bitcoin', at('20T15:00:30'), at('20T15:10:30'));
    clock.set(at('20T15:11:00'));
    expect(await queueHoles(depsWith(source))).toBe(0);
    expect((await ledger()).slice(3)).toEqual([
      'bitcoin 5m 2026-11-20 12:00 to 2026-11-20 12:30 PENDING',
      'bitcoin 5m 2026-11-20 13:00 to 2026-11-20 15:00 PENDING',
    ]);
  });

  test('however long the platform was down, the hole begins at the last thing seen', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith(source));
    await ticks('bitcoin', at('20T10:01:00'), at('20T10:30:00'));
    clock.set('2026-12-25T00:00:00Z');
    await queueHoles(depsWith(source));
    expect((await ledger()).slice(3)).toEqual([
      'bitcoin 1d 2026-11-20 10:30 to 2026-12-25 00:00 PENDING',
      'bitcoin 1h 2026-11-20 10:30 to 2026-12-25 00:00 PENDING',
      'bitcoin 5m 2026-12-24 00:00 to 2026-12-25 00:00 PENDING',
    ]);
  });

  test('a coin that stays away is asked for ever more rarely', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith(source));
    await ticks('bitcoin', at('20T10:01:00'), at('20T10:30:00'));
    const asked: number[] = [];
    for (let hour = 1; hour <= 24; hour++) {
      clock.set(new Date(at('20T10:30:00').getTime() + hour * 60 * MINUTE));
      if ((await queueHoles(depsWith(source))) > 0) asked.push(hour);
    }
    expect(asked.length).toBeLessThan(16);
    expect(asked.slice(0, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    // What was left out is asked for once the coin is back.
    clock.set(at('22T01:00:00'));
    await ticks('bitcoin', at('22T01:00:00'), at('22T01:05:00'));
    await queueHoles(depsWith(source));
    const { rows } = await query(`SELECT max(to_at) AS "to" FROM ops.history_intervals`);
    expect(rows).toEqual([{ to: at('22T01:00:00') }]);
  });

  test('a coin whose price usually comes every quarter of an hour has a hole where it stayed away for two', async () => {
    await trackAll(['bitcoin']);
    await queueHoles(depsWith(source));
    await ticks('bitcoin', at('20T10:15:00'), at('20T14:00:00'), 15 * MINUTE);
    await ticks('bitcoin', at('20T16:00:00'), at('20T18:00:00'), 15 * MINUTE);
    clock.set(at('20T18:14:00'));
    await queueHoles(depsWith(source));
    expect((await ledger()).slice(3)).toEqual(['bitcoin 5m 2026-11-20 14:00 to 2026-11-20 16:00 PENDING']);
  });
});
