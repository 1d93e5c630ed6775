/**
 * Questions to every coin, which come page by page.
 * Must stay true: the last answer outlives the page that asked; a failure takes no data away.
 */
import { useCallback, useEffect, useState } from 'react';
import type { CombinedError } from 'urql';
import { describeProblem, uncachedClient } from '../api/client.js';
import { now } from '../api/clock.js';
import { useFailedRefresh } from '../api/failed-refreshes.js';
import type { Operation } from '../api/operation.js';
import type { PageInfo } from '../api/operations/market.js';
import { useEvery } from '../api/use-every.js';
import { priceFeed } from './prices.js';

const MOST_PAGES = 10;

export interface CoinPage<Node> {
  coins: { nodes: Node[]; pageInfo: PageInfo };
}

/** @throws Error with the problem in words */
async function askAll<Node, Variables extends { after: string | null }>(
  text: Operation<CoinPage<Node>, Variables>,
  variables: Omit<Variables, 'after'>,
): Promise<Node[]> {
  const nodes: Node[] = [];
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const question = uncachedClient.query(text as string, { ...variables, after }, {});
    const { data, error } = (await question.toPromise()) as { data?: CoinPage<Node>; error?: CombinedError };
    if (data === undefined) throw new Error(error ? describeProblem(error) : 'The platform gave no answer');
    nodes.push(...data.coins.nodes);
    if (!data.coins.pageInfo.hasNextPage) break;
    after = data.coins.pageInfo.endCursor;
  }
  return nodes;
}

interface Kept<Node> {
  nodes: Node[];
  /** By the platform's clock. */
  answeredAt: number;
}

const kept = new Map<string, Kept<unknown>>();

/** For a question that has none but its page. */
export const NO_VARIABLES = () => ({});

/** Asked at once, now and then, and when updates were lost. `variables` is asked for anew each time; it and `onNodes` stay the same. */
export function useEveryCoin<Node, Variables extends { after: string | null }>(
  text: Operation<CoinPage<Node>, Variables>,
  variables: () => Omit<Variables, 'after'>,
  { everyMs, onNodes }: { everyMs?: number; onNodes?(nodes: Node[]): void } = {},
) {
  const [answer, setAnswer] = useState(kept.get(text) as Kept<Node> | undefined);
  const [problem, setProblem] = useState<string | null>(null);
  const refresh = useCallback(async () => {
    try {
      const nodes = await askAll(text, variables());
      onNodes?.(nodes);
      kept.set(text, { nodes, answeredAt: now() });
      setAnswer(kept.get(text) as Kept<Node>);
      setProblem(null);
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [text, variables, onNodes]);
  useEffect(() => {
    void refresh();
    return priceFeed.onExpiry(() => void refresh());
  }, [refresh]);
  useEvery(everyMs, refresh);
  useFailedRefresh(text, problem, answer?.answeredAt ?? null, refresh);
  return { nodes: answer?.nodes ?? null, problem, refresh };
}
