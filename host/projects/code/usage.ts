/** Which code open runs of projects are pinned to: it stays in the code store, however old they are. */
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { LoadedGuest, ProjectStore } from '../../../registry/index.ts';
import { quote } from '../../runs/visibility.ts';

type Event = temporal.api.history.v1.IHistoryEvent;
type Payload = temporal.api.common.v1.IPayload;

/** The first step of a run is recorded among its first events, unless signals came before it. */
const EVENTS = 100;
const PAGES = 20;

/**
 * Digests (hex) of the activities of every run that was started before a time (ISO 8601) and is open. Rejects when the database or
 * Temporal does not answer.
 */
export async function* openRunCode(
  client: Client,
  store: Pick<ProjectStore, 'listProjects'>,
  startedBefore: string,
): AsyncGenerator<string> {
  for (const { taskQueueName } of await store.listProjects()) {
    const query = `TaskQueue = ${quote(taskQueueName)} AND ExecutionStatus = 'Running' AND StartTime < '${startedBefore}'`;
    for await (const { workflowId, runId } of client.workflow.list({ query })) {
      const loaded = await loadedBy(client, { workflowId, runId });
      if (!loaded?.ok) continue;
      for (const { digest } of Object.values(loaded.plan.activities)) if (digest !== null) yield digest;
    }
  }
}

/** What the first step of a run recorded; null before it. */
async function loadedBy(
  client: Client,
  execution: { readonly workflowId: string; readonly runId: string },
): Promise<LoadedGuest | null> {
  let token: Uint8Array | null = null;
  for (let page = 0; page < PAGES; page++) {
    const answer: temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryResponse =
      await client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution,
        maximumPageSize: EVENTS,
        ...(token && { nextPageToken: token }),
      });
    for (const event of answer.history?.events ?? []) {
      const loaded = loadedIn(event);
      if (loaded) return loaded;
    }
    token = answer.nextPageToken ?? null;
    if (token === null || token.length === 0) return null;
  }
  return null;
}

function loadedIn({ markerRecordedEventAttributes: marker }: Event): LoadedGuest | null {
  if (marker?.markerName !== 'core_local_activity') return null;
  const about = decode(marker.details?.data?.payloads?.[0]) as { activity_type?: string } | undefined;
  if (about?.activity_type !== 'cloister:loadPlan') return null;
  return (decode(marker.details?.result?.payloads?.[0]) as LoadedGuest | undefined) ?? null;
}

const decode = (payload: Payload | null | undefined): unknown =>
  payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
