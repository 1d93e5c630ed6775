/** A campaign as a test file: one test a fault, FAULT=<a regular expression> for some of them, the table at the end. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Campaign, type CampaignOptions, type FaultReport, type Load, SEED, startCampaign } from './campaign.js';
import type { Fault } from './faults/fault.js';
import { lineOf, printReports } from './report.js';

/** Ample: on a busy machine the backlog of an outage takes its time. */
const PATIENCE_MS = 180_000;

export function describeCampaign(makeUp: CampaignOptions['makeUp'], faults: Fault[], load?: Load): void {
  const wanted = process.env.FAULT;
  const chosen = wanted === undefined ? faults : faults.filter((fault) => new RegExp(wanted).test(fault.name));
  if (chosen.length === 0) return void test.skip(`no fault here is called ${wanted}`, () => {});
  let starting: Promise<Campaign>;
  let campaign: Campaign;
  const reports: FaultReport[] = [];

  describe('after', () => {
    beforeAll(async () => {
      starting = startCampaign({ makeUp, load, patienceMs: PATIENCE_MS });
      campaign = await starting;
    }, 300_000);
    afterAll(async () => {
      printReports(reports, SEED);
      // Also one that came too late: nobody else ends its processes.
      const started = await starting.catch(() => null); // `beforeAll` has said why there is none
      await started?.stop();
    }, 300_000);

    test.each(chosen)('$name: nothing lost, nothing twice, everything equal', async (fault) => {
      const report = await campaign.run(fault);
      reports.push(report);
      // The table, and what exactly was found, come at the end.
      process.stderr.write(`${lineOf(report)}\n`);
      for (const [judge, wrong] of Object.entries(report.findings)) process.stderr.write(`  ${judge}: ${wrong[0]?.split('\n')[0]}\n`);
      expect({ ...report.findings, reproduce: `FAULT_SEED=${SEED} FAULT='${fault.name}'` }).toEqual({ reproduce: expect.any(String) });
    });
  });
}
