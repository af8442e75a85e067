/** Histories of both sides, replayed: by the code they were made with, or by another version of it. */
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { type ReplayHistoriesIterable, Worker } from '@temporalio/worker';
import type { GuestPlan, LoadedGuest } from '../../../registry/index.ts';
import type { Stand } from './stand.ts';

const { History } = proto.temporal.api.history.v1;
type IHistory = proto.temporal.api.history.v1.IHistory;

/** A history and the workflow it is of. */
export interface Recorded {
  readonly workflowId: string;
  readonly history: IHistory;
}

/** Replays histories by a bundle; the name of the error of each, null where there was none, in their order. */
export async function replayed(code: string, histories: readonly Recorded[]): Promise<readonly (string | null)[]> {
  const errors: (string | null)[] = [];
  const all = histories as unknown as ReplayHistoriesIterable;
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: { code } }, all)) {
    errors.push(error?.name ?? null);
  }
  return errors;
}

/** Histories of all workflows of a queue that have ended. */
export async function endedOn(stand: Stand, queue: string): Promise<readonly Recorded[]> {
  const { workflow } = stand.client;
  const found: Recorded[] = [];
  const query = `TaskQueue = '${queue}' AND ExecutionStatus != 'Running'`;
  for await (const { workflowId, runId } of workflow.list({ query })) {
    found.push({ workflowId, history: await workflow.getHandle(workflowId, runId).fetchHistory() });
  }
  return found;
}

/** The same history as if the run had been pinned to another plan. */
export function pinnedTo(plan: GuestPlan, { workflowId, history }: Recorded): Recorded {
  const copy = History.decode(History.encode(History.fromObject(history)).finish());
  const marker = copy.events.find(
    ({ markerRecordedEventAttributes: one }) => one?.markerName === 'core_local_activity',
  );
  const loaded: LoadedGuest = { ok: true, plan };
  const details = marker?.markerRecordedEventAttributes?.details;
  if (!details) throw new Error(`${workflowId}: no plan in its history`);
  details.result = { payloads: [defaultPayloadConverter.toPayload(loaded)] };
  return { workflowId, history: copy };
}
