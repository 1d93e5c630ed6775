/**
 * The source of prices: the simulator at a fixed address, started anew with other faults when they change. Its market can stand still:
 * it goes on answering, with nothing new.
 */
import { createServer } from 'node:net';
import type { FaultRates } from '../../../jobs/sources/simulator/faults.js';
import { type Simulator, startSimulator } from '../../../jobs/sources/simulator/simulator.js';

export interface Source {
  /** Up to and with /api/v3. */
  readonly url: string;
  /** From now on it answers like this. */
  misbehave(faults: FaultRates): Promise<void>;
  /** Nobody answers at the address. */
  goAway(): Promise<void>;
  standStill(): void;
  goOn(): void;
  stop(): Promise<void>;
}

export async function startSource(seed: number): Promise<Source> {
  const port = await findFreePort();
  let stoodAt: Date | null = null;
  const clock = { now: () => stoodAt ?? new Date() };
  let simulator: Simulator | null = await startSimulator({ seed, clock, port });
  const url = simulator.url;
  const goAway = async () => {
    await simulator?.stop();
    simulator = null;
  };
  return {
    url,
    goAway,
    async misbehave(faults) {
      await goAway();
      simulator = await startSimulator({ seed, clock, port, faults });
    },
    standStill() {
      stoodAt = new Date();
    },
    goOn() {
      stoodAt = null;
    },
    stop: goAway,
  };
}

export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
