/** Says which step took long: what takes a fault minutes should be no riddle. */
const LONG_MS = 20_000;

export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  try {
    return await work();
  } finally {
    const took = performance.now() - begun;
    if (took > LONG_MS) process.stderr.write(`  ${name}: ${Math.round(took / 1_000)} s\n`);
  }
}
