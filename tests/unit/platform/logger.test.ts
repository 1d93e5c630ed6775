import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { createLogger } from '../../../src/platform/logger.js';

function logged(write: (logger: ReturnType<typeof createLogger>) => void, pretty = false): string {
  let text = '';
  const sink = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  write(createLogger({ level: 'info', pretty }, sink));
  return text;
}

describe('the log', () => {
  test('is a JSON line an entry, with a readable time', () => {
    const entry = JSON.parse(logged((logger) => logger.info({ coins: 3 }, 'hello')));
    expect(entry).toMatchObject({ level: 30, coins: 3, msg: 'hello', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) });
  });

  test.each([false, true])('holds no secret, wherever it stands (pretty: %s)', (pretty) => {
    const text = logged((logger) => {
      logger.info({
        config: { coinGecko: { apiKey: 'hunter2' }, adminApiKey: 'hunter2', kafka: { sasl: { username: 'me', password: 'hun"ter2' } } },
      });
      logger.info({ headers: { authorization: 'Bearer hunter2', 'x-cg-demo-api-key': 'hunter2' } });
      logger.warn('cannot connect to postgresql://me:hunter2@db:5432/x');
      logger.error({
        err: new Error('GET https://api/v3?x_cg_pro_api_key=hunter2&page=1 failed', { cause: new Error('pw postgres://u:hunter2@h') }),
      });
    }, pretty);
    expect(text).not.toMatch(/hunter2|ter2/);
    expect(text).toContain('me:[secret]@db:5432/x');
    expect(text).toContain('page=1');
    expect(text).toContain('me');
  });

  test('leaves out what is below its level', () => {
    expect(logged((logger) => logger.debug('detail'))).toBe('');
  });
});
