/** What a re-run from an activity takes over from the run before. The rules: docs/decisions/rerun.md. */
import type { Plan } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import type { RunTrace } from './history.ts';

/** Beyond this together, the outputs would not fit into the argument of a run: Temporal refuses payloads of 2 MiB. */
const MOST_BYTES = 1_500_000;

/**
 * Outputs that a re-run from activity `from` keeps: of what had completed and stands before it in walk order. Throws
 * `ACTIVITY_UNKNOWN`, `ANCESTOR_NOT_COMPLETED`, `OUTPUTS_TOO_LARGE`.
 */
export function keptOutputs(plan: Plan, trace: RunTrace, from: string): Record<string, unknown> {
  const at = plan.activities.findIndex(({ id }) => id === from);
  if (at < 0) {
    throw new ApiError('ACTIVITY_UNKNOWN', 'the plan has no such activity', {
      where: 'body from',
      found: JSON.stringify(from),
      expected: 'the id of an activity of the run',
    });
  }
  const outputs = completedOutputs(trace);
  const missing = ancestorsOf(plan, from).find((id) => !outputs.has(id));
  if (missing !== undefined) {
    throw new ApiError('ANCESTOR_NOT_COMPLETED', 'an ancestor of the activity did not complete in that run', {
      where: 'body from',
      found: `activity ${JSON.stringify(missing)}, which did not complete`,
      expected: `${JSON.stringify(missing)}, or an activity whose ancestors completed`,
    });
  }
  const before = plan.activities.slice(0, at).filter(({ id }) => outputs.has(id));
  const kept = Object.fromEntries(before.map(({ id }) => [id, outputs.get(id)]));
  const bytes = Buffer.byteLength(JSON.stringify(kept));
  if (bytes <= MOST_BYTES) return kept;
  throw new ApiError('OUTPUTS_TOO_LARGE', 'the outputs to be kept are too large', {
    where: 'body from',
    found: `${bytes} bytes`,
    expected: `at most ${MOST_BYTES}, so an earlier activity, or a re-run of all`,
  });
}

/** By activity; what the run had itself taken over counts. Null stands for no output. */
function completedOutputs({ activities, args }: RunTrace): Map<string, unknown> {
  const own = [...activities].filter(([, { status }]) => status === 'completed');
  return new Map([
    ...Object.entries(args.rerun?.outputs ?? {}),
    ...own.map(([id, { output }]) => [id, output ?? null] as const),
  ]);
}

function ancestorsOf({ activities }: Plan, of: string): string[] {
  const parents = new Map(activities.flatMap(({ id, children }) => children.map((child) => [child, id] as const)));
  const found: string[] = [];
  for (let id = parents.get(of); id !== undefined; id = parents.get(id)) found.push(id);
  return found.reverse();
}
