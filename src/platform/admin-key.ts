/**
 * The operator's key: given as ADMIN_API_KEY, or, on the embedded Postgres, generated once and kept under DATA_DIR for its owner's eyes.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OperatorError } from '../domain/errors.js';
import type { Config } from './config.js';

export interface AdminKey {
  /** In constant time, whatever is given. */
  matches(given: string): boolean;
  /** Where a generated key is kept; null for a given one. */
  file: string | null;
}

/** Null: nobody is the operator. */
export function loadAdminKey(config: Pick<Config, 'adminApiKey' | 'databaseUrl' | 'dataDir'>): AdminKey | null {
  if (config.adminApiKey !== null) return adminKey(config.adminApiKey, null);
  if (config.databaseUrl !== null) return null;
  const file = join(resolve(config.dataDir), 'admin-api-key');
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(file, error);
  }
  try {
    const key = readFileSync(file, 'utf8').trim();
    if (key !== '') return adminKey(key, file);
  } catch (error) {
    throw unusable(file, error);
  }
  throw new OperatorError(`${file} is empty. Remove it, and the next start makes a new key.`);
}

function adminKey(key: string, file: string | null): AdminKey {
  // Digests are of equal length, which the comparison needs, and tell nothing of the key's.
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(key);
  return { file, matches: (given) => timingSafeEqual(digest(given), expected) };
}

function unusable(file: string, cause: unknown): OperatorError {
  const { code } = cause as NodeJS.ErrnoException;
  return new OperatorError(
    `The operator's key cannot be kept in ${file} (${code}). Start as the user that owns it, or set ADMIN_API_KEY.`,
    undefined,
    { cause },
  );
}
