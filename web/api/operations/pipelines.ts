/** Datasets, runs, and what failed validation. */
import { operation } from '../operation.js';
import type { PageInfo } from './market.js';

export type CheckStatus = 'PASSED' | 'WARNED' | 'FAILED';
export type RunStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'SKIPPED';

export interface CheckResult {
  name: string;
  severity: 'WARN' | 'ERROR';
  status: CheckStatus;
  failedRows: number;
  message: string | null;
  checkedAt: string;
}

export interface Dataset {
  name: string;
  grain: string;
  version: string;
  writtenAt: string | null;
  dependsOn: { name: string }[];
  checks: CheckResult[];
}

const CHECK_FIELDS = 'name severity status failedRows message checkedAt';

export const DATASETS = operation<{ datasets: Dataset[] }>(`
  query Datasets {
    datasets { name grain version writtenAt dependsOn { name } checks { ${CHECK_FIELDS} } }
  }`);

export interface TaskRun {
  name: string;
  status: RunStatus;
  attempt: number;
  startedAt: string | null;
  finishedAt: string | null;
  rowsWritten: number | null;
  error: string | null;
}

export interface PipelineRun {
  id: string;
  pipeline: string;
  logicalDate: string | null;
  attempt: number;
  status: RunStatus;
  requestedAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  error: string | null;
  tasks: TaskRun[];
  checks: (CheckResult & { dataset: string })[];
}

export interface Pipeline {
  name: string;
  dated: boolean;
  does: string;
}

export const PIPELINES = operation<{ pipelines: Pipeline[] }>(`query Pipelines { pipelines { name dated does } }`);

export const RUNS = operation<
  { pipelineRuns: { nodes: PipelineRun[]; pageInfo: PageInfo } },
  { first: number; after: string | null; filter: { pipeline?: string } }
>(`
  query Runs($first: Int!, $after: String, $filter: PipelineRunFilter) {
    pipelineRuns(first: $first, after: $after, filter: $filter) {
      nodes {
        id pipeline logicalDate attempt status requestedAt startedAt finishedAt error
        tasks { name status attempt startedAt finishedAt rowsWritten error }
        checks { dataset ${CHECK_FIELDS} }
      }
      pageInfo { hasNextPage endCursor }
    }
  }`);

export const RUN_PIPELINE = operation<
  { runPipeline: { id: string; pipeline: string; status: RunStatus } },
  { pipeline: string; logicalDate: string | null }
>(`
  mutation RunPipeline($pipeline: String!, $logicalDate: Date) {
    runPipeline(pipeline: $pipeline, logicalDate: $logicalDate) { id pipeline logicalDate attempt status requestedAt }
  }`);

export interface RejectedRow {
  id: string;
  dataset: string;
  coinId: string | null;
  origin: string;
  position: string;
  reason: string;
  payload: string;
  rejectedAt: string;
  redrivenAt: string | null;
}

export const REJECTED_ROWS = operation<{ rejectedRows: { nodes: RejectedRow[]; pageInfo: PageInfo } }, { pending: boolean }>(`
  query RejectedRows($pending: Boolean!) {
    rejectedRows(first: 50, pending: $pending) {
      nodes { id dataset coinId origin position reason payload rejectedAt redrivenAt }
      pageInfo { hasNextPage endCursor }
    }
  }`);

export interface DeadLetter {
  id: string;
  topic: string;
  partition: number;
  offset: string;
  reason: string;
  payload: string;
  attempts: number;
  storedAt: string;
  redrivenAt: string | null;
}

export const DEAD_LETTERS = operation<{ deadLetters: { nodes: DeadLetter[]; pageInfo: PageInfo } }, { pending: boolean }>(`
  query DeadLetters($pending: Boolean!) {
    deadLetters(first: 50, pending: $pending) {
      nodes { id topic partition offset reason payload attempts storedAt redrivenAt }
      pageInfo { hasNextPage endCursor }
    }
  }`);

/** How many it was done to. */
interface Done {
  done: number;
}

export const REDRIVE_DEAD_LETTERS = operation<Done, { ids: string[] }>(`
  mutation RedriveDeadLetters($ids: [ID!]!) { done: redriveDeadLetters(ids: $ids) }`);

export const DISCARD_DEAD_LETTERS = operation<Done, { ids: string[] }>(`
  mutation DiscardDeadLetters($ids: [ID!]!) { done: discardDeadLetters(ids: $ids) }`);

export const REDRIVE_REJECTED_ROWS = operation<Done, { ids: string[] }>(`
  mutation RedriveRejectedRows($ids: [ID!]!) { done: redriveRejectedRows(ids: $ids) }`);

export const DISCARD_REJECTED_ROWS = operation<Done, { ids: string[] }>(`
  mutation DiscardRejectedRows($ids: [ID!]!) { done: discardRejectedRows(ids: $ids) }`);

/** Answered to the operator alone: shows whether a key is the right one. */
export const KEY_TRIAL = operation<{ deadLetters: { nodes: { id: string }[] } }>(
  `query KeyTrial { deadLetters(first: 1) { nodes { id } } }`,
);
