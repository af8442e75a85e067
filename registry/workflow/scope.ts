import type { Declaration } from '../plan.ts';
import type { Budget } from '../report/budget.ts';

/** What a workflow file is checked against: the rest of its project. */
export interface ProjectScope {
  readonly files: ReadonlyMap<string, string>;
  /** Ids of all workflow files. */
  readonly workflows: readonly string[];
  /** Built-ins that may be scripts. */
  readonly builtIns: readonly string[];
  /** Of `cloister.yaml`, or the default. */
  readonly declaration: Declaration;
  readonly budget: Budget;
}
