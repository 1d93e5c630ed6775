/**
 * Queries and mutations over HTTP. Answers are kept by the types that they hold, so a mutation brings fresh what it changed.
 * Must stay true: an answer that cannot be had leaves the last one on the screen, with the reason beside it.
 */
import { useCallback, useRef } from 'react';
import { Client, type ClientOptions, type CombinedError, cacheExchange, fetchExchange, useMutation, useQuery } from 'urql';
import { timedFetch } from './clock.js';
import { useFailedRefresh } from './failed-refreshes.js';
import type { Operation } from './operation.js';
import { operatorKey } from './operator-key.js';
import { stampAnswers } from './stamp-answers.js';
import { useEvery } from './use-every.js';

const OPTIONS: Omit<ClientOptions, 'exchanges'> = {
  url: '/graphql',
  preferGetMethod: false,
  fetch: timedFetch,
  fetchOptions: () => {
    const key = operatorKey();
    return key === null ? {} : { headers: { authorization: `Bearer ${key}` } };
  },
};

export const client = new Client({ ...OPTIONS, exchanges: [cacheExchange, stampAnswers, fetchExchange] });

/** For questions that are never the same twice: their answers would be kept for ever. */
export const uncachedClient = new Client({ ...OPTIONS, exchanges: [stampAnswers, fetchExchange] });

export interface Answer<Data> {
  data: Data | undefined;
  problem: string | null;
  /** When what is shown was answered, by the platform's clock, where asking again has failed since; null: nothing newer is known to be missing. */
  oldSince: number | null;
  /** Nothing has come yet. */
  loading: boolean;
  refresh(): void;
}

interface Asking {
  /** Asks again so often while the page is seen. */
  everyMs?: number;
}

export function useAnswer<Data, Variables extends object>(
  text: Operation<Data, Variables>,
  variables: Variables,
  { everyMs }: Asking = {},
): Answer<Data> {
  const [{ data, extensions, error, fetching }, execute] = useQuery<Data, Variables>({
    query: text as string,
    variables,
    requestPolicy: 'cache-and-network',
  });
  const refresh = useCallback(() => execute({ requestPolicy: 'network-only' }), [execute]);
  useEvery(everyMs, refresh);
  const last = useLast<Data>(JSON.stringify(variables));
  if (!fetching && error) last.current = { ...last.current, problem: describeProblem(error) };
  else if (!fetching && data !== undefined) last.current = { data, answeredAt: extensions?.answeredAt ?? null, problem: null };
  // Of the question before, while this one is asked for the first time.
  const shown = data ?? last.current.data;
  const { problem, answeredAt } = last.current;
  const oldSince = problem === null ? null : answeredAt;
  useFailedRefresh(text, problem, answeredAt, refresh);
  return { data: shown, problem, oldSince, loading: shown === undefined && fetching, refresh };
}

interface Outcome<Data> {
  data: Data | undefined;
  answeredAt: number | null;
  problem: string | null;
}

const NOTHING_YET = { data: undefined, answeredAt: null, problem: null };

/** What became of the same question last. It stands while that is asked again, and a failure takes no data away. */
function useLast<Data>(question: string): { current: Outcome<Data> } {
  const last = useRef<Outcome<Data>>(NOTHING_YET);
  const asked = useRef(question);
  if (asked.current !== question) last.current = NOTHING_YET;
  asked.current = question;
  return last;
}

const NOTHING_ELSE: string[] = [];

export type Change<Data, Variables> = (variables: Variables) => Promise<{ data: Data } | { problem: string }>;

/** `touches`: types that it changes and whose names its answer does not hold, as after a deletion. One array for ever. */
export function useChange<Data, Variables extends object>(
  text: Operation<Data, Variables>,
  touches: string[] = NOTHING_ELSE,
): [Change<Data, Variables>, boolean] {
  const [{ fetching }, execute] = useMutation<Data, Variables>(text as string);
  const change = useCallback(
    async (variables: Variables) => {
      const { data, error } = await execute(variables, { additionalTypenames: touches });
      if (error) return { problem: describeProblem(error) };
      return data == null ? { problem: 'The platform gave no answer: try again' } : { data };
    },
    [execute, touches],
  );
  return [change, fetching];
}

export function describeProblem(error: CombinedError): string {
  if (error.networkError) return 'The platform cannot be reached';
  const [first] = error.graphQLErrors;
  if (first?.extensions?.code === 'UNAUTHENTICATED') return "This is not the operator's key of this platform";
  return first?.message ?? error.message;
}
