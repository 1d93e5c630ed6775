/** Names and origins that a server on a test's loopback address cannot show; the rest is asked over HTTP in tests/queries. */
import { describe, expect, test } from '@jest/globals';
import { createOriginCheck } from '../../../graphql/origin.js';

const check = (settings: { host: string; allowedOrigins?: string[] }, localAddress: string, headers: { host?: string; origin?: string }) =>
  createOriginCheck({ allowedOrigins: [], ...settings })({ headers, socket: { localAddress } as never }).allowed;

describe('the server knows itself', () => {
  test.each([
    ['by the address that the request came to (a pod asked by its probe)', '0.0.0.0', '10.0.0.7', '10.0.0.7:4000'],
    ['where IPv4 is mapped into IPv6', '::', '::ffff:10.0.0.7', '10.0.0.7:4000'],
    ['by an IPv6 address', '::', 'fd00::7', '[fd00::7]:4000'],
    ['by the IPv6 loopback', '::1', '::1', '[::1]:4000'],
    ['by the name that it listens on', 'Platform.internal', '10.0.0.7', 'platform.internal:4000'],
    ['in any case', '127.0.0.1', '127.0.0.1', 'LOCALHOST:4000'],
  ])('%s', (_, host, localAddress, header) => {
    expect(check({ host }, localAddress, { host: header })).toBe(true);
    expect(check({ host }, localAddress, { host: header, origin: `http://${header}` })).toBe(true);
    expect(check({ host }, localAddress, { host: header, origin: 'http://evil.example' })).toBe(false);
  });

  test.each(['10.0.0.8:4000', 'evil.example:4000', '', 'a b', 'localhost/evil', 'evil.example#localhost', '10.0.0.7.evil.example'])(
    'not as %p',
    (host) => {
      expect(check({ host: '0.0.0.0' }, '10.0.0.7', { host })).toBe(false);
    },
  );

  test('not without a name', () => {
    expect(check({ host: '127.0.0.1' }, '127.0.0.1', {})).toBe(false);
  });
});

test('an allowed origin is one scheme, host and port', () => {
  const settings = { host: '127.0.0.1', allowedOrigins: ['https://desk.example.org:8443'] };
  const from = (origin: string) => check(settings, '127.0.0.1', { host: '127.0.0.1:4000', origin });
  expect(from('https://desk.example.org:8443')).toBe(true);
  expect(from('HTTPS://DESK.example.org:8443')).toBe(true);
  expect(from('https://desk.example.org')).toBe(false);
  expect(from('http://desk.example.org:8443')).toBe(false);
  expect(from('https://x.desk.example.org:8443')).toBe(false);
});
