/** The batch side waits for a stream that is behind: for what was in the log at an instant, no more, and no longer than it may. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { waitForStream } from '../../jobs/pipelines/stream-wait.js';
import { PRICES_TOPIC } from '../../src/domain/prices.js';
import { compareAndSetOffsets, takeUpPlace } from '../../src/store/stream/stream-offsets.js';
import { fixedClock } from '../kit/clock.js';
import { unreachable } from './setting/logs.js';
import { eventually, logger, NOW, StreamSetting, tick } from './setting/stream.js';

const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
const [UNTIL, DEADLINE] = [later(10), later(60)];

let setting: StreamSetting;
beforeEach(async () => {
  setting = await StreamSetting.open();
  await setting.append([tick('bitcoin', 1, '1'), tick('bitcoin', 2, '2'), tick('bitcoin', 3, '3')]);
  // Two were in the log at the instant that is waited for; the third came after it.
  await setting.db.pool.query(
    `UPDATE ops.log_records SET appended_at = CASE "offset" WHEN 2 THEN $2 ELSE $1 END::timestamptz WHERE topic = $3`,
    [NOW, later(20), PRICES_TOPIC],
  );
});
afterEach(() => setting.close());

function startWaiting(at: Date, log = setting.log) {
  const clock = fixedClock(at);
  let looks = 0;
  const counting = {
    now() {
      looks++;
      return clock.now();
    },
  };
  const stop = new AbortController();
  let outcome: boolean | 'pending' = 'pending';
  const ended = waitForStream({ db: setting.db, log, clock: counting, logger }, { until: UNTIL, deadline: DEADLINE }, stop.signal).then(
    (result) => {
      outcome = result;
      return result;
    },
  );
  return {
    clock,
    ended,
    /** After it has looked at the offsets as they are now: every round begins with the clock, and the one under way may be an older one. */
    async outcome() {
      const before = looks;
      await eventually(async () => outcome !== 'pending' || looks >= before + 2, Boolean);
      return outcome;
    },
  };
}

async function commit(from: bigint, to: bigint): Promise<void> {
  await takeUpPlace(setting.db.pool, PRICES_TOPIC, 0, 0n, 2);
  const move = { partition: 0, from, to, positionBase: 0n, fingerprint: null, appendedAt: null };
  await setting.db.transaction((tx) => compareAndSetOffsets(tx, PRICES_TOPIC, [move]));
}

test('true once all is committed that was in the log at the instant, and not before', async () => {
  const waiting = startWaiting(UNTIL);
  expect(await waiting.outcome()).toBe('pending'); // nothing is committed
  await commit(0n, 1n);
  expect(await waiting.outcome()).toBe('pending');
  await commit(1n, 2n);
  expect(await waiting.ended).toBe(true);
});

test('before the instant has come nobody knows what to wait for', async () => {
  await commit(0n, 2n);
  const waiting = startWaiting(NOW);
  expect(await waiting.outcome()).toBe('pending');
  waiting.clock.set(UNTIL);
  expect(await waiting.ended).toBe(true);
});

test('false where the deadline comes first', async () => {
  const waiting = startWaiting(UNTIL);
  await commit(0n, 1n);
  expect(await waiting.outcome()).toBe('pending');
  waiting.clock.set(DEADLINE);
  expect(await waiting.ended).toBe(false);
});

test('a log that cannot be reached is asked again: true once it can, false at the deadline', async () => {
  await commit(0n, 2n);
  let away = true;
  const log = unreachable(setting.log, () => away);
  const waiting = startWaiting(UNTIL, log);
  const givenUp = startWaiting(UNTIL, log);
  expect(await waiting.outcome()).toBe('pending');
  expect(await givenUp.outcome()).toBe('pending');
  givenUp.clock.set(DEADLINE);
  expect(await givenUp.ended).toBe(false);
  away = false;
  expect(await waiting.ended).toBe(true);
});
