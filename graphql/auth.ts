/**
 * The operator's key: `Authorization: Bearer <key>` over HTTP, connectionParams.authorization on a WebSocket.
 * Must stay true: the key is compared in constant time, and a field marked @Authorized() never runs without it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { AuthCheckerFn } from 'type-graphql';
import type { GatewayContext } from './context.js';
import { clientError } from './errors.js';

/** disabled: the platform has no operator's key. */
export type OperatorAccess = 'granted' | 'missing' | 'wrong' | 'disabled';

export type KeyCheck = (authorization: string | null | undefined) => OperatorAccess;

export function createKeyCheck(key: string | null): KeyCheck {
  if (key === null) return () => 'disabled';
  const expected = digest(key);
  return (authorization) => {
    const sent = /^Bearer +(\S+)$/i.exec(authorization?.trim() ?? '')?.[1];
    if (sent === undefined) return authorization ? 'wrong' : 'missing';
    return timingSafeEqual(digest(sent), expected) ? 'granted' : 'wrong';
  };
}

/** Equal lengths, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export const operatorOnly: AuthCheckerFn<GatewayContext> = ({ context }) => {
  switch (context.operator) {
    case 'granted':
      return true;
    case 'missing':
      throw clientError('UNAUTHENTICATED', "This needs the operator's key: send the header Authorization: Bearer <key>");
    case 'wrong':
      throw clientError(
        'UNAUTHENTICATED',
        "This is not the operator's key: send the header Authorization: Bearer <key> with the key of this platform",
      );
    case 'disabled':
      throw clientError('FORBIDDEN', "This platform has no operator's key, so nobody may do this: set ADMIN_API_KEY and start it again");
  }
};
