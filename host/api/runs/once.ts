/** Answers to starts, given once for each Idempotency-Key. */
import type { ResponseObject } from '@hapi/hapi';
import { ApiError } from '../../error.ts';
import type { Attempt, KeptAnswer, Keyed } from '../../runs/idempotency.ts';
import { keyedBy, keyOf } from '../../runs/idempotency.ts';
import type { StartedRun } from '../../runs/index.ts';
import { regarding } from '../audit.ts';
import type { Call } from '../endpoint.ts';
import type { ApiParts } from '../server.ts';

/** A start that may be repeated under a key. */
export interface Once {
  /** All that is asked for: another request under the key is refused. */
  readonly asked: unknown;
  /** Named by the request; null: none. */
  readonly workflowId: string | null;
  /** Judges the request and tells what is to be started, and what to warn of. Not called for a repetition. */
  readonly prepare: () => Promise<Prepared>;
}

/** A start that was judged. */
export interface Prepared {
  /** Under which the run is started; null: one is made. */
  readonly workflowId: string | null;
  readonly start: (attempt: Attempt | undefined) => Promise<StartedRun>;
  readonly warnings: readonly string[];
}

/** Header of an answer that was given before. */
const REPLAYED = 'idempotency-replayed';

/** Starts a run and answers, or answers as it was answered under the same key. */
export async function answerOnce(
  { request, caller, h }: Call,
  { runs }: ApiParts,
  once: Once,
): Promise<ResponseObject> {
  const key = keyOf(request.headers['idempotency-key']);
  const keyed: Keyed | null = key === null ? null : keyedBy(caller?.tenant ?? null, key, once.asked);
  const replay = async (id: string | null): Promise<ResponseObject | null> => {
    const earlier = keyed && (await runs.keyed.find(keyed, id));
    return (
      earlier &&
      h
        .response(earlier.body as object)
        .code(earlier.status)
        .header(REPLAYED, 'true')
    );
  };
  const earlier = await replay(once.workflowId);
  if (earlier) return earlier;
  const { start, warnings, workflowId } = await once.prepare();
  // Where Temporal alone remembers, it remembers by the id of the run.
  const found = workflowId === once.workflowId ? null : await replay(workflowId);
  if (found) return found;
  const attempt = keyed ? await runs.keyed.claim(keyed, workflowId) : undefined;
  const started = await start(attempt).catch(async (error: unknown) => {
    const isTaken = error instanceof ApiError && error.code === 'WORKFLOW_ID_TAKEN';
    if (keyed && isTaken) await runs.keyed.release(keyed);
    throw error;
  });
  regarding(request, { target: { started: started.runId } });
  const made = answerTo(started, warnings);
  const { status, body } = keyed ? await runs.keyed.answer(keyed, made) : made;
  return h.response(body as object).code(status);
}

function answerTo(started: StartedRun, warnings: readonly string[]): KeptAnswer {
  const { workflowId, runId, workflow, branch, deduplicated } = started;
  const told = { ...(warnings.length > 0 && { warnings }) };
  return {
    status: deduplicated ? 200 : 202,
    body: { workflowId, runId, workflow, branch, status: 'in-progress', deduplicated, ...told },
  };
}
