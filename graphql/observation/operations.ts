/**
 * What operations count for, over HTTP and over WebSocket: time by operation, texts that were known, errors by code.
 * Must stay true: no client can make the number of series grow without bound, whatever it calls its operations.
 */
import type { OperationDefinitionNode } from 'graphql';
import { ERROR_CODES } from '../../src/platform/metrics/definitions.js';
import type { Metrics } from '../../src/platform/metrics/metrics.js';
import type { ErrorFormatter } from '../errors.js';

/** Names of operations that have a series of their own: the first ones that valid operations had. */
const MOST_NAMES = 100;
const LONGEST_NAME = 64;

export interface OperationTimes {
  /** An operation of a text that is valid; `begun` as of performance.now(). */
  observe(protocol: 'http' | 'websocket', operation: OperationDefinitionNode, begun: number): void;
  /** `known`: the text had been parsed and validated before. */
  countDocument(known: boolean): void;
}

/** One for a gateway: both protocols share the bound on names. */
export function createOperationTimes(metrics: Metrics): OperationTimes {
  const seconds = metrics.histogram('cdp_graphql_operation_duration_seconds');
  const documents = metrics.counter('cdp_graphql_documents_total');
  const names = new Set<string>();
  const nameOf = (name: string | undefined) => {
    if (name === undefined) return 'anonymous';
    if (names.has(name)) return name;
    if (names.size === MOST_NAMES || name.length > LONGEST_NAME) return 'other';
    names.add(name);
    return name;
  };
  return {
    observe(protocol, { operation, name }, begun) {
      seconds.observe({ protocol, type: operation, name: nameOf(name?.value) }, (performance.now() - begun) / 1_000);
    },
    countDocument: (known) => documents.inc({ cache: known ? 'hit' : 'miss' }),
  };
}

const CODES: ReadonlySet<unknown> = new Set(ERROR_CODES);

/** The formatter sees every error that leaves, over HTTP and WebSocket. */
export function countErrors(format: ErrorFormatter, metrics: Metrics): ErrorFormatter {
  const errors = metrics.counter('cdp_graphql_errors_total');
  return (formatted, error) => {
    const told = format(formatted, error);
    const code = told.extensions?.code;
    errors.inc({ code: CODES.has(code) ? String(code) : 'other' });
    return told;
  };
}
