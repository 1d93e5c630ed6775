/** Faults of the log itself: its broker gone, its records poisoned, lost or another topic's, its partitions more than they were. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PRICES_TOPIC, UPDATES_TOPIC } from '../../../src/domain/prices.js';
import { spawnPlatform } from '../../kit/platform-process.js';
import { waitFor } from '../../kit/wait-for.js';
import { sumOfMetric } from '../platform/metrics.js';
import type { BrokerControl } from '../platform/platform.js';
import { endsOf, getNextOffsets, hasStoredUpTo } from '../platform/progress.js';
import type { SupervisedProcess } from '../platform/supervised-process.js';
import type { Scene } from '../scene.js';
import type { Fault } from './fault.js';
import { atAnyMoment } from './moments.js';
import { rolesOf } from './roles.js';

const WITHIN = { withinMs: 60_000 };
const AWAY_MS = 3_000;
/** A batch holds 5,000 records. */
const POISON = 6_000;
const POISON_PAGE = 500;

export const brokerRestarted = (signal: NodeJS.Signals): Fault => ({
  name: `broker ended by ${signal} and started again`,
  times: 1,
  harmsWorkers: () => 0,
  async inject(scene) {
    const broker = brokerOf(scene);
    await atAnyMoment(scene);
    await broker.stop(signal);
    await sleep(AWAY_MS);
    await broker.start();
  },
});

export const poison: Fault = {
  name: "a partition's worth of records that are none",
  times: 1,
  harmsWorkers: () => 0,
  async inject({ platform, ticks, random }) {
    const partitions = (await platform.log().bounds(PRICES_TOPIC)).length;
    const records = ticks.ticks.makePoison(POISON, random.int(0, partitions - 1));
    for (let at = 0; at < records.length; at += POISON_PAGE) await ticks.append(records.slice(at, at + POISON_PAGE));
  },
};

export const topicRecreated: Fault = {
  name: 'topic of prices deleted and made anew',
  times: 1,
  harmsWorkers: () => 0,
  async inject(scene) {
    const { platform, ticks } = scene;
    await standStill(scene);
    const [producer] = rolesOf(scene, 'producer');
    await producer?.stop();
    await waitFor('all is stored', () => hasStoredUpTo(platform, null), WITHIN);
    await brokerOf(scene).deleteTopic(PRICES_TOPIC);
    producer?.start(); // makes it
    await waitFor('the topic is there', () => endsOf(platform), WITHIN);
    ticks.start(); // waits in the log
    scene.source.goOn();
    await everyPartitionIsRefused(scene);
    brokerOf(scene).goOnAfter(PRICES_TOPIC, await getNextOffsets(platform));
    await command(scene, 'offsets', 'reset');
  },
};

export const retentionOvertakes: Fault = {
  name: 'retention passes consumers that are stopped',
  times: 1,
  harmsWorkers: () => 0,
  async inject(scene) {
    const { platform } = scene;
    const consumers = rolesOf(scene, 'consumer');
    for (const consumer of consumers) await consumer.stop();
    await sleep(AWAY_MS);
    const next = await getNextOffsets(platform);
    let removed = 0n;
    for (const [partition, end] of await endsOf(platform)) {
      const from = next.get(partition) ?? 0n;
      const start = from + (end - from) / 2n;
      if (start > from) await brokerOf(scene).forgetBelow(PRICES_TOPIC, partition, start, from);
      removed += start - from;
    }
    if (removed === 0n) throw new Error('nothing came while the consumers were away, so retention took nothing');
    for (const consumer of consumers) consumer.start();
  },
};

const ADDED = 2;

export const partitionsAdded: Fault = {
  name: 'partitions added by the procedure',
  times: 1,
  harmsWorkers: () => 0,
  async inject(scene) {
    const { platform } = scene;
    await stopProducers(scene);
    await waitFor('the consumers have drained', () => hasStoredUpTo(platform, null), WITHIN);
    await addPartitions(scene);
    await everyPartitionIsRefused(scene);
    await command(scene, 'offsets', 'record');
    await startProducers(scene);
  },
};

export const partitionsAddedWithout: Fault = {
  name: 'partitions added without the procedure',
  times: 1,
  harmsWorkers: () => 0,
  async inject(scene) {
    const { platform } = scene;
    await addPartitions(scene); // while all goes on
    await everyPartitionIsRefused(scene);
    await stopProducers(scene);
    await command(scene, 'offsets', 'record');
    await waitFor('the consumers have drained', () => hasStoredUpTo(platform, null), WITHIN);
    await startProducers(scene);
  },
};

export function brokerOf({ platform }: Scene): BrokerControl {
  if (platform.broker === null) throw new Error(`${platform.kind} has no broker`);
  return platform.broker;
}

/** Nothing more is appended. */
async function standStill({ source, ticks }: Scene): Promise<void> {
  source.standStill();
  await ticks.stop();
}

async function stopProducers(scene: Scene): Promise<void> {
  await standStill(scene);
  for (const producer of rolesOf(scene, 'producer')) await producer.stop();
}

async function startProducers(scene: Scene): Promise<void> {
  await brokerOf(scene).reopenLog();
  for (const producer of rolesOf(scene, 'producer')) producer.start();
  scene.source.goOn();
  scene.ticks.start();
}

async function addPartitions(scene: Scene): Promise<void> {
  const count = (await endsOf(scene.platform)).size + ADDED;
  for (const topic of [PRICES_TOPIC, UPDATES_TOPIC]) await brokerOf(scene).addPartitions(topic, count);
}

async function everyPartitionIsRefused(scene: Scene): Promise<void> {
  await waitFor(
    'every partition is refused',
    async () => {
      const partitions = (await endsOf(scene.platform)).size;
      const refused = await Promise.all(rolesOf(scene, 'consumer').map((each) => sumOfMetric(each, 'cdp_stream_refused_partitions')));
      return refused.reduce((sum, each) => sum + each, 0) === partitions;
    },
    WITHIN,
  );
}

/** As an operator gives it, beside the running platform. */
async function command(scene: Scene, ...args: string[]): Promise<void> {
  const { root, env } = (rolesOf(scene, 'consumer')[0] as SupervisedProcess).options;
  const process = spawnPlatform(args, env, root);
  const code = await process.ended;
  if (code !== 0) throw new Error(`cdp ${args.join(' ')} ended with ${code}:\n${process.output()}`);
}
