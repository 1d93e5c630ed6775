/**
 * The operator's key: `Authorization: Bearer <key>` over HTTP, connectionParams.authorization on a WebSocket.
 * Must stay true: a field marked @Authorized() never runs without it; a wrong key and a missing one are told apart, nothing else is.
 */
import type { AuthCheckerFn } from 'type-graphql';
import type { AdminKey } from '../src/platform/admin-key.js';
import { clientError } from './errors.js';

/** disabled: the platform has no operator's key. */
export type OperatorAccess = 'granted' | 'missing' | 'wrong' | 'disabled';

export type KeyCheck = (authorization: string | null | undefined) => OperatorAccess;

export function createKeyCheck(key: Pick<AdminKey, 'matches'> | null): KeyCheck {
  if (key === null) return () => 'disabled';
  return (authorization) => {
    if (!authorization) return 'missing';
    const sent = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1];
    return sent !== undefined && key.matches(sent) ? 'granted' : 'wrong';
  };
}

export const operatorOnly: AuthCheckerFn<{ operator: OperatorAccess }> = ({ context }) => {
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
