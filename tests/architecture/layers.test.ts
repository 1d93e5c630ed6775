/** domain <- platform <- store <- alerts <- {graphql | jobs} <- main: who may import whom, and no cycles. */
import { describe, expect, test } from '@jest/globals';
import { importsOf, listFiles, readFile } from './source-files.js';

const MAY_IMPORT: Record<string, string[]> = {
  'src/domain': [],
  'src/platform': ['src/domain', 'generated'],
  'src/store': ['src/domain', 'src/platform', 'generated'],
  'src/alerts': ['src/domain', 'src/platform', 'src/store'],
  graphql: ['src/domain', 'src/platform', 'src/store', 'src/alerts'],
  jobs: ['src/domain', 'src/platform', 'src/store', 'src/alerts'],
  'src/main': ['src/domain', 'src/platform', 'src/store', 'src/alerts', 'graphql', 'jobs'],
};
const LAYERS = [...Object.keys(MAY_IMPORT), 'generated'];
const layerOf = (path: string) => LAYERS.find((layer) => path.startsWith(`${layer}/`));

const sources = listFiles().filter((path) => path.endsWith('.ts') && layerOf(path) !== undefined);

describe('the house', () => {
  test('has code in every room', () => {
    for (const layer of Object.keys(MAY_IMPORT)) expect(sources.filter((path) => layerOf(path) === layer)).not.toEqual([]);
  });

  test.each(Object.entries(MAY_IMPORT))('%s imports only %j', (layer, allowed) => {
    const wrong = sources
      .filter((path) => layerOf(path) === layer)
      .flatMap((path) => importsOf(path).map((target) => ({ path, target, to: layerOf(target) })))
      .filter(({ to }) => to !== layer && !allowed.includes(to ?? ''));
    expect(wrong).toEqual([]);
  });

  test('has no import cycle', () => {
    const done = new Set<string>();
    const visit = (path: string, trail: string[]): void => {
      if (trail.includes(path)) throw new Error(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
      if (done.has(path) || !sources.includes(path)) return;
      for (const target of importsOf(path)) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const path of sources) visit(path, []);
    expect(done.size).toBe(sources.length);
  });

  test('reads the environment in one file', () => {
    const readers = sources.filter((path) => /process\.env\b/.test(readFile(path).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')));
    expect(readers).toEqual(['src/platform/config.ts']);
  });

  test('the pages know the platform only through GraphQL', () => {
    const pages = listFiles().filter((path) => /^web\/.*\.tsx?$/.test(path));
    expect(pages).not.toEqual([]);
    expect(pages.flatMap((path) => importsOf(path).filter((target) => !target.startsWith('web/')))).toEqual([]);
    expect(sources.flatMap((path) => importsOf(path).filter((target) => target.startsWith('web/')))).toEqual([]);
  });

  test('Kafka is spoken to in one folder', () => {
    const speakers = sources.filter((path) => /from 'kafkajs/.test(readFile(path)));
    expect(speakers).not.toEqual([]);
    expect(speakers.filter((path) => !path.startsWith('src/platform/event-log/kafka/'))).toEqual([]);
  });

  test('sources of prices know nothing of each other', () => {
    const crossing = sources
      .filter((path) => path.startsWith('jobs/sources/simulator/'))
      .filter((path) => importsOf(path).some((target) => target.startsWith('jobs/sources/coingecko/')));
    expect(crossing).toEqual([]);
  });
});
