/** Lines of a project's run, as they are kept: of its workflow, and of its activities by name and id. */
import type { RunLine } from '../../registry/index.ts';
import type { RunLogs } from '../runs/logs.ts';

/** One line of a run. `activity` and `activityId` are null for what the workflow itself logged. */
export interface ProjectLineView extends Pick<RunLine, 'attempt' | 'time' | 'level' | 'message' | 'data'> {
  readonly activity: string | null;
  readonly activityId: string | null;
}

/** A page of them. */
export interface ProjectLinePage {
  readonly lines: readonly ProjectLineView[];
  /** Null when there were no more. */
  readonly nextCursor: string | null;
}

/** No name of an activity holds it; an id, which is the code's own, may. */
const MARK = '#';

/** Of which activity a line is kept; empty for the workflow's own. */
export function labelOf({ name, activity }: { readonly name: string; readonly activity: string }): string {
  return name === '' ? '' : `${name}${MARK}${activity}`;
}

/** Lines of a run after a cursor, at most so many. Rejects with `STORE_UNAVAILABLE`. */
export async function linesOf(logs: RunLogs, runId: string, after: number, atMost: number): Promise<ProjectLinePage> {
  const found = await logs.list({ runId, activity: null, after, atMost: atMost + 1 });
  const lines = found.slice(0, atMost);
  return {
    lines: lines.map(({ activity: label, attempt, time, level, message, data }) => {
      const at = label.indexOf(MARK);
      const [activity, activityId] = at < 0 ? [null, null] : [label.slice(0, at), label.slice(at + 1)];
      return { activity, activityId, attempt, time, level, message, data };
    }),
    nextCursor: found.length > atMost ? String(lines.at(-1)?.seq) : null,
  };
}
