/** The shelf: compiles workflows of the project into plans, keeps plans and bundles, hands them to runs. */
import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import {
  type BuildInput,
  type BuildResult,
  type CodeStore,
  compileWorkflow,
  type FindPlugin,
  formatProblem,
  installDependencies,
  listWorkflows,
  openProject,
  type Plan,
  type Problem,
  type Project,
  planBody,
  planFromBody,
  RegistryError,
  type WorkflowListing,
} from '../registry/index.ts';
import type { Bundle } from '../sandbox/index.ts';
import { readBuiltIns } from './builtins.ts';
import { npmEnvironment } from './env.ts';
import { ApiError, toldAs } from './error.ts';
import type { Repository } from './repository/index.ts';
import { Snapshots } from './repository/snapshots.ts';
import { inputWarnings } from './runs/warnings.ts';
import type { TenantSeparation } from './separation.ts';
import type { BillingArgs, LoadedPlan, Pin } from './temporal/workflows/types.ts';
import { isTenant } from './tenants.ts';

/** Where workflows come from. */
export type ProjectSource =
  /** The files as they are in the editor; another branch than the checked-out one: its newest commit. */
  | { readonly kind: 'working-tree'; readonly dir: string }
  /** Commits only. Without `reload`, each branch stays at the commit that was loaded first. */
  | { readonly kind: 'commits'; readonly repository: Repository; readonly reload: boolean };

/** What the shelf needs. */
export interface ShelfOptions {
  readonly project: ProjectSource;
  readonly store: CodeStore;
  /** Finds plugins for the runs of a tenant; null: this host has none. */
  readonly plugins: { finder(tenant: string | null): FindPlugin } | null;
  readonly builtInDir: string | null;
  readonly payloadMaxBytes: number;
  readonly unscopedRuns: 'allow' | 'deny';
  readonly separation: TenantSeparation;
  readonly build: (request: BuildInput) => Promise<BuildResult>;
  /** Told of each look for a plan or a bundle in memory. */
  readonly lookup?: (cache: 'plan' | 'bundle', wasThere: boolean) => void;
  readonly log: Logger;
  /** A line for people when dependencies are installed. */
  readonly progress: (text: string) => void;
}

/** A workflow that may run: its plan is in the store. */
export interface CheckedWorkflow {
  readonly pin: Pin;
  readonly branch: string | null;
  /** Mismatches between `input` as declared and as given; they stop nothing. */
  readonly warnings: readonly string[];
}

const NOWHERE = { branch: null, commit: null, dirty: false };

/** See `sweepCode`: by far less than the age of what it removes. */
const STORE_AGAIN_MS = 24 * 60 * 60 * 1000;

/** Plans and bundles kept in memory. What is pushed out is read from the store again. */
const KEPT = 500;

/** Problems named in the failure of a run. */
const TOLD = 20;

/** Compiles, keeps and finds plans and bundles. Calls may overlap. */
export class PlanShelf {
  readonly #options: ShelfOptions;
  readonly #builtIns: ReadonlyMap<string, string>;
  /** Without the labels of where they came from. */
  readonly #plans = new Map<string, Plan>();
  readonly #bundles = new Map<string, Bundle>();
  /** When each was stored last, milliseconds since 1970. */
  readonly #stored = new Map<string, number>();
  readonly #snapshots: Snapshots | null;

  private constructor(options: ShelfOptions, builtIns: ReadonlyMap<string, string>) {
    this.#options = options;
    this.#builtIns = builtIns;
    const { project } = options;
    this.#snapshots = project.kind === 'commits' ? new Snapshots({ ...options, ...project, builtIns }) : null;
  }

  /** Reads the built-ins and makes a shelf. */
  static async open(options: ShelfOptions): Promise<PlanShelf> {
    return new PlanShelf(options, await readBuiltIns(options.builtInDir));
  }

  /** Name of a branch as runs are labelled with it; null asks for the main branch, and is the answer for a plain folder. */
  async branch(asked: string | null): Promise<string | null> {
    const { project } = this.#options;
    if (project.kind === 'commits') return (await project.repository.place(asked)).branch;
    return (await this.#open(asked)).branch;
  }

  /** The project of a branch as new runs take it; null: main. */
  project(branch: string | null): Promise<Project> {
    return this.#open(branch);
  }

  /** Definitions of a branch, broken ones included. */
  async workflows(branch: string | null): Promise<readonly WorkflowListing[]> {
    return listWorkflows(await this.#open(branch));
  }

  /**
   * Compiles a workflow and stores all that a run of it needs. Rejects with `WORKFLOW_NOT_FOUND`, `WORKFLOW_INVALID` (with
   * every problem), `BRANCH_NOT_FOUND`, `BRANCH_INVALID`.
   */
  async check(
    workflow: string,
    branch: string | null,
    input: Readonly<Record<string, unknown>>,
  ): Promise<CheckedWorkflow> {
    const { project, plan, problems } = await this.#use(branch, async (opened) => {
      return { project: opened, ...(await this.#compile(opened, workflow, tenantIn(input))) };
    });
    if (!plan) {
      throw new ApiError('WORKFLOW_INVALID', `workflow "${workflow}" has errors`, { problems: errorsOf(problems) });
    }
    const { digest, commit, dirty } = plan;
    const declared = project.workflows.get(workflow)?.input ?? null;
    const warnings = [...inputWarnings(declared, input), ...pluginWarnings(problems)];
    return { pin: { digest, commit, dirty }, branch: plan.branch, warnings };
  }

  /** First step of a run: its plan, or why there is none. Rejects only for what a further attempt may mend. */
  async load(args: BillingArgs): Promise<LoadedPlan> {
    const refusal = await this.#refuseTenant(args.input.tenantOrganizationId);
    if (refusal) return { ok: false, code: 'TENANT_REFUSED', message: refusal, recordable: false };
    const { payloadMaxBytes } = this.#options;
    const plan = await (args.pin ? this.#pinned(args.branch, args.pin) : this.#fresh(args)).catch((error: unknown) => {
      this.#options.log.error({ workflow: args.workflow, err: error }, 'a plan could not be loaded');
      // What went wrong is the operator's to read; its text may name folders and servers.
      throw ApplicationFailure.retryable('the project or the code store cannot be read', 'PLAN_SOURCE_GONE');
    });
    if ('code' in plan) return { ok: false, ...plan, recordable: true };
    const foreign = foreignPlugin(plan, tenantIn(args.input));
    if (foreign) return { ok: false, code: 'TENANT_REFUSED', message: foreign, recordable: true };
    return { ok: true, plan, payloadMaxBytes };
  }

  /** A plan by its digest, without branch and commit; null when it is not in the store. */
  async plan(digest: string): Promise<Plan | null> {
    const kept = this.#plans.get(digest);
    this.#options.lookup?.('plan', kept !== undefined);
    if (kept) return kept;
    const code = await this.#options.store.getCode(digest);
    if (code?.kind !== 'plan') return null;
    return keep(this.#plans, digest, planFromBody(code.body, digest, NOWHERE));
  }

  /** A bundle by its digest; null when it is not in the store. */
  async bundle(digest: string): Promise<Bundle | null> {
    const kept = this.#bundles.get(digest);
    this.#options.lookup?.('bundle', kept !== undefined);
    if (kept) return kept;
    const code = await this.#options.store.getCode(digest);
    if (code?.kind !== 'bundle') return null;
    return keep(this.#bundles, digest, { digest, ...(JSON.parse(code.body) as Omit<Bundle, 'digest'>) });
  }

  async #pinned(branch: string | null, { digest, commit, dirty }: Pin): Promise<Plan | Failure> {
    const content = await this.plan(digest);
    if (content) return { ...content, branch, commit, dirty };
    return { code: 'PLAN_SOURCE_GONE', message: `found no plan ${digest}, expected it in the code store` };
  }

  async #fresh({ workflow, branch, input }: BillingArgs): Promise<Plan | Failure> {
    try {
      const { plan, problems } = await this.#use(branch, (project) => {
        return this.#compile(project, workflow, tenantIn(input));
      });
      if (plan) return plan;
      return { code: 'PLAN_INVALID', message: sentences(errorsOf(problems)) };
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return { code: 'PLAN_INVALID', message: error.message };
      if (error instanceof RegistryError && toldAs(error) !== null) {
        return { code: 'PLAN_INVALID', message: error.message };
      }
      throw error;
    }
  }

  async #refuseTenant(tenant: unknown): Promise<string | null> {
    const { unscopedRuns, separation } = this.#options;
    if (tenant === undefined) return unscopedRuns === 'deny' ? 'runs without a tenant are refused here' : null;
    if (typeof tenant !== 'string' || !isTenant(tenant)) return 'tenantOrganizationId is not the id of an Organization';
    const refusal = await separation.refusal();
    if (refusal !== 'unknown') return refusal;
    throw ApplicationFailure.retryable('the FHIR server does not answer', 'FHIR_UNAVAILABLE');
  }

  /** Never remembered by commit: where a plugin's channel leads, and whose plugins there are, is no part of one. */
  async #compile(project: Project, workflow: string, tenant: string | null) {
    const plugins = this.#options.plugins?.finder(tenant);
    const { store } = this.#options;
    const compiled = await compileWorkflow(project, workflow, { ...(plugins && { plugins }) });
    const plans = [...(compiled.plan ? [compiled.plan] : []), ...compiled.childPlans.values()];
    for (const bundle of compiled.bundles.values()) {
      const { digest, code, map } = bundle;
      if (this.#isStored(digest)) continue;
      await store.putCode(digest, 'bundle', JSON.stringify({ code, map }));
      keep(this.#stored, digest, Date.now());
      keep(this.#bundles, digest, bundle);
    }
    for (const plan of plans) {
      if (this.#isStored(plan.digest)) continue;
      await store.putCode(plan.digest, 'plan', planBody(plan));
      keep(this.#stored, plan.digest, Date.now());
      keep(this.#plans, plan.digest, { ...plan, ...NOWHERE });
    }
    return compiled;
  }

  /** Stored again once a day: what no run has used for long is swept away, and every host may start runs of it. */
  #isStored(digest: string): boolean {
    return (this.#stored.get(digest) ?? 0) > Date.now() - STORE_AGAIN_MS;
  }

  async #use<T>(branch: string | null, work: (project: Project) => Promise<T>): Promise<T> {
    return this.#snapshots ? this.#snapshots.use(branch, work) : work(await this.#open(branch));
  }

  async #open(branch: string | null): Promise<Project> {
    if (this.#snapshots) return this.#snapshots.open(branch);
    const { project: source, build, progress } = this.#options;
    if (source.kind === 'commits') throw new Error('commits are opened as snapshots');
    if (await installDependencies(source.dir, { env: npmEnvironment() }))
      progress('installed the dependencies of the project');
    const shared = { dir: source.dir, builtIns: this.#builtIns, build };
    return openProject({ ...shared, mode: 'working-tree', ...(branch !== null && { branch }) });
  }
}

interface Failure {
  readonly code: 'PLAN_INVALID' | 'PLAN_SOURCE_GONE';
  readonly message: string;
}

function errorsOf(problems: readonly Problem[]): Problem[] {
  return problems.filter(({ severity }) => severity === 'error');
}

/** One line each, with file and line; not so many that they do not fit into a history. */
function sentences(problems: readonly Problem[]): string {
  const told = problems.slice(0, TOLD).map(formatProblem);
  const more = problems.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more: run cloister check`] : [])].join('\n');
}

/** Tenant of a run; what is none has been refused before. */
function tenantIn({ tenantOrganizationId: tenant }: Readonly<Record<string, unknown>>): string | null {
  return typeof tenant === 'string' ? tenant : null;
}

/** Why a plan is not for this tenant: it was compiled for the tenant whose plugin it uses. Null: it is. */
function foreignPlugin({ activities }: Plan, tenant: string | null): string | null {
  const foreign = activities.find(({ plugin }) => plugin && plugin.owner !== null && plugin.owner !== tenant);
  return foreign
    ? `activity ${JSON.stringify(foreign.id)} uses a plugin that the tenant of the run does not have`
    : null;
}

function pluginWarnings(problems: readonly Problem[]): string[] {
  return problems.filter(({ code }) => code === 'PLUGIN_DEPRECATED').map(formatProblem);
}

function keep<T>(kept: Map<string, T>, digest: string, value: T): T {
  kept.set(digest, value);
  const [oldest] = kept.keys();
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  return value;
}
