/** Names under which runs are known to Temporal. */

const LONGEST = 255;
/** Temporal's own: a run under the name of a schedule's would keep that schedule from being registered. */
const RESERVED = /^temporal-sys-/;

/** True for what a run may be called at the wish of others. Half a character would break the worker that passes it on. */
export function isWorkflowId(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > LONGEST) return false;
  return value.isWellFormed() && !RESERVED.test(value);
}
