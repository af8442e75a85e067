/** Names under which runs are known to Temporal. */
import { utf8Length } from './template.ts';

const LONGEST = 255;
/** Temporal's own: a run under the name of a schedule's would keep that schedule from being registered. */
const RESERVED = /^temporal-sys-/;

/** True for what a run may be called at the wish of others. Half a character would break the worker that passes it on. */
export function isWorkflowId(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > LONGEST) return false;
  return value.isWellFormed() && !RESERVED.test(value);
}

/** Bytes that Temporal takes of a workflow id: under a longer one nothing was ever started. */
const LONGEST_BYTES = 1000;

/** Name of a child run: made of its parent's, or of the parent's run where that would be too long. */
export function childName(parent: { readonly workflowId: string; readonly runId: string }, activity: string): string {
  const name = `${parent.workflowId}-${activity}`;
  return utf8Length(name) <= LONGEST_BYTES ? name : `${parent.runId}-${activity}`;
}
