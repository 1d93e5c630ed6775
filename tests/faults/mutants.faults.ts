/** The suite can fail: with one promise taken out of the code, the same faults and judges must notice. */
import { describe, expect, test } from '@jest/globals';
import { type Campaign, type Load, startCampaign } from './campaign.js';
import type { Fault } from './faults/fault.js';
import { brokerRestarted } from './faults/log.js';
import { freezeEach, nothing } from './faults/processes.js';
import { freezeConsumer } from './faults/roles.js';
import { oneProcess, twoProcesses } from './platform/make-up.js';
import { MUTATIONS, type Mutation, makeMutant } from './platform/mutant.js';
import { ON_KAFKA, onKafka } from './platform/on-kafka.js';

/** A mutant that has lost its way never comes to rest. */
const PATIENCE_MS = 30_000;

interface Attack {
  mutation: Mutation;
  makeUp: typeof oneProcess;
  load?: Load;
  faults: Fault[];
  /** What one of the findings, "judge: words", must say. */
  noticedBy: RegExp;
}

const ATTACKS: Attack[] = [
  // That it stands still is all that shows, but the reason must be this one: it stores what the frozen one had stored already.
  {
    mutation: MUTATIONS.fence,
    makeUp: twoProcesses,
    faults: [freezeEach],
    noticedBy: /^log positions|^recovery: .*the other one goes on.*duplicate key value/s,
  },
  {
    mutation: { ...MUTATIONS.fence, name: `${MUTATIONS.fence.name}, on Kafka` },
    makeUp: onKafka,
    load: ON_KAFKA,
    faults: [freezeConsumer],
    noticedBy: /^log positions|^recovery: .*is fenced.*duplicate key value/s,
  },
  { mutation: MUTATIONS.lease, makeUp: twoProcesses, faults: [nothing], noticedBy: /^run ledger: .*which was at work on it/s },
  // The first one ends when all history is published: its marks are of every day, and would hide that a mark reaches no further.
  { mutation: MUTATIONS.widening, makeUp: oneProcess, faults: [nothing, nothing], noticedBy: /^marts against the reference|^rebuild/ },
  { mutation: MUTATIONS.record, makeUp: oneProcess, faults: [nothing], noticedBy: /^log positions: .* is nothing/s },
  { mutation: MUTATIONS.candles, makeUp: oneProcess, faults: [nothing], noticedBy: /^prices against the reference: .*mart_price_candles/s },
  { mutation: MUTATIONS.cooldown, makeUp: oneProcess, faults: [nothing], noticedBy: /^alerts against a replay/ },
  { mutation: MUTATIONS.previous, makeUp: oneProcess, faults: [nothing], noticedBy: /^topics of updates and alerts: .*market\.updates/s },
  { mutation: MUTATIONS.delivery, makeUp: oneProcess, faults: [nothing], noticedBy: /^subscribers: .* saw .* was due/s },
  {
    mutation: MUTATIONS.outbox,
    makeUp: onKafka,
    load: ON_KAFKA,
    faults: [brokerRestarted('SIGKILL')],
    noticedBy: /^topics of updates and alerts: .*market\.updates/s,
  },
  {
    mutation: MUTATIONS.marking,
    makeUp: onKafka,
    load: ON_KAFKA,
    faults: [brokerRestarted('SIGKILL')],
    noticedBy: /^topics of updates and alerts: .*ops\.outbox still holds/s,
  },
];

describe('a platform is found out that has', () => {
  test.each(ATTACKS)(
    '$mutation.name',
    async ({ mutation, makeUp, load, faults, noticedBy }) => {
      const mutant = makeMutant(mutation);
      let campaign: Campaign | null = null;
      const noticed = new Map<string, string[]>();
      try {
        campaign = await startCampaign({ makeUp, load, root: mutant.root, patienceMs: PATIENCE_MS });
        for (const fault of faults) {
          const { findings } = await campaign.run(fault);
          for (const [judge, wrong] of Object.entries(findings)) noticed.set(judge, wrong);
          if (noticed.size > 0) break;
        }
      } finally {
        await campaign?.stop();
        mutant.remove();
      }
      const by = [...noticed].map(([judge, wrong]) => `${judge}: ${wrong.join('; ')}`);
      const lines = by.map((words) => words.split('\n')[0]?.slice(0, 300));
      process.stdout.write(`\n${mutation.name}: ${by.length === 0 ? 'NOT NOTICED' : `noticed by\n  ${lines.join('\n  ')}`}\n`);
      expect(by.filter((words) => noticedBy.test(words))).not.toEqual([]);
    },
    400_000,
  );
});
