/**
 * Kafka's hash of a record's key: decides the partition, here as in Kafka's own clients, and the lock of a coin.
 * Source: org.apache.kafka.common.utils.Utils.murmur2 (MurmurHash2, seed 0x9747b28c); exact in 32 bits.
 */
const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** A signed 32-bit integer, as Java has it. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const tail = length & ~3;
  let hash = SEED ^ length;
  const at = (index: number) => bytes[index] as number;
  for (let i = 0; i < tail; i += 4) {
    let word = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24);
    word = Math.imul(word, M);
    word = Math.imul(word ^ (word >>> R), M);
    hash = Math.imul(hash, M) ^ word;
  }
  if (length - tail === 3) hash ^= at(tail + 2) << 16;
  if (length - tail >= 2) hash ^= at(tail + 1) << 8;
  if (length - tail >= 1) hash = Math.imul(hash ^ at(tail), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return (hash ^ (hash >>> 15)) | 0;
}

/** What a key's partition, or lock, is the remainder of: the hash without its sign bit (Kafka's toPositive), of the key in UTF-8. */
export function keyHash(key: string): number {
  return murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff;
}

/** The partition that Kafka's clients give a key. */
export function partitionOf(key: string, partitions: number): number {
  return keyHash(key) % partitions;
}
