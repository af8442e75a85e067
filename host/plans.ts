/** The shelf: compiles workflows of the project into plans, keeps plans and bundles, hands them to runs. */
import {
  type BuildInput,
  type BuildResult,
  type CodeStore,
  compileWorkflow,
  installDependencies,
  listWorkflows,
  openProject,
  type Plan,
  type Project,
  type WorkflowListing,
} from '../registry/index.ts';
import type { Bundle } from '../sandbox/index.ts';
import { isTenant } from './api/query.ts';
import { readBuiltIns } from './builtins.ts';
import { ApiError } from './error.ts';
import type { BillingArgs, LoadedPlan } from './temporal/workflows/types.ts';

/** Where workflows come from. */
export type ProjectSource =
  /** The files as they are in the editor; another branch than the checked-out one: its newest commit. */
  | { readonly kind: 'working-tree'; readonly dir: string }
  /** Commits only. Without `reload`, each branch stays at the commit that was loaded first. */
  | { readonly kind: 'commits'; readonly dir: string; readonly mainBranch: string | null; readonly reload: boolean };

/** What the shelf needs. */
export interface ShelfOptions {
  readonly project: ProjectSource;
  readonly store: CodeStore;
  readonly builtInDir: string | null;
  readonly payloadMaxBytes: number;
  readonly unscopedRuns: 'allow' | 'deny';
  readonly build: (request: BuildInput) => Promise<BuildResult>;
}
