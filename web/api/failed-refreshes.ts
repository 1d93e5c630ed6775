/**
 * Questions whose last answer failed while an older one is on the screen: one list for the whole application, said in one place.
 * Must stay true: a question stands here from the failure until it is answered, or until nobody shows its answer any more.
 */
import { useEffect, useId, useSyncExternalStore } from 'react';

interface FailedRefresh {
  /** In words: "alert rules". */
  what: string;
  /** When the answer that is shown came, by the platform's clock. */
  answeredAt: number;
  problem: string;
  refresh(): void;
}

/** What failed for the same reason. */
export interface Failure {
  what: string[];
  /** Of the oldest answer among them. */
  answeredAt: number;
  problem: string;
}

/** By who shows the answer. */
const failed = new Map<string, FailedRefresh>();
const readers = new Set<() => void>();
let failures: readonly Failure[] = [];

function publish(): void {
  const byReason = Map.groupBy(failed.values(), ({ problem }) => withoutId(problem));
  failures = [...byReason.values()].map((alike) => ({
    what: [...new Set(alike.map(({ what }) => what))].sort(),
    answeredAt: Math.min(...alike.map(({ answeredAt }) => answeredAt)),
    problem: alike[0]?.problem ?? '',
  }));
  for (const reader of readers) reader();
}

function reportFailure(place: string, failure: FailedRefresh): void {
  const before = failed.get(place)?.problem;
  // Each error inside the platform has an id of its own. A text that changes would be read out anew, so the first one stands.
  const problem = before !== undefined && withoutId(before) === withoutId(failure.problem) ? before : failure.problem;
  failed.set(place, { ...failure, problem });
  publish();
}

function withdrawFailure(place: string): void {
  if (failed.delete(place)) publish();
}

function currentFailures(): readonly Failure[] {
  return failures;
}

export function refreshFailed(): void {
  for (const { refresh } of failed.values()) refresh();
}

function withoutId(problem: string): string {
  return problem.replace(/[\da-f-]{36}/, '');
}

/** "alert rules" of "query AlertRules { … }". */
function nameOf(question: string): string {
  const name = /query (\w+)/.exec(question)?.[1] ?? 'a part of the page';
  return name.replace(/\B(?=[A-Z])/g, ' ').toLowerCase();
}

/** `problem`: null while the newest answer is there; `answeredAt`: null while no answer is shown. */
export function useFailedRefresh(question: string, problem: string | null, answeredAt: number | null, refresh: () => void): void {
  const place = useId();
  useEffect(() => {
    if (problem === null || answeredAt === null) withdrawFailure(place);
    else reportFailure(place, { what: nameOf(question), answeredAt, problem, refresh });
  }, [place, question, problem, answeredAt, refresh]);
  useEffect(() => () => withdrawFailure(place), [place]);
}

function subscribe(reader: () => void): () => void {
  readers.add(reader);
  return () => readers.delete(reader);
}

export function useFailures(): readonly Failure[] {
  return useSyncExternalStore(subscribe, currentFailures);
}
