import { canonicalJson } from './canonical.ts';
import type { Plan } from './plan.ts';

/** What a plan says of where it came from; not part of its digest. */
export type PlanOrigin = Pick<Plan, 'branch' | 'commit' | 'dirty'>;

/** The text that is stored for a plan: canonical JSON without digest and origin. Its sha256 is the plan's digest. */
export function planBody({
  digest: _digest,
  branch: _branch,
  commit: _commit,
  dirty: _dirty,
  ...content
}: Plan): string {
  return canonicalJson(content);
}

/** A plan out of a stored text that has this digest; the store has checked that it does. */
export function planFromBody(body: string, digest: string, { branch, commit, dirty }: PlanOrigin): Plan {
  const content = JSON.parse(body) as Omit<Plan, 'digest' | keyof PlanOrigin>;
  return { ...content, branch, commit, dirty, digest };
}
