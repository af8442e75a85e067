/** The walk: visits the activities of a pinned plan, depth-first, and keeps their states and outputs. */
import type { Plan, PlanActivity } from '../../../registry/plan.ts';
import { resolve } from './template.ts';
import type { ActivityError, ActivityResult, ActivityState, SkipReason } from './types.ts';

/** What the walk needs from the workflow. `fail` turns a rejection into data; `undefined` means the run was cancelled. */
export interface Steps {
  execute(activity: PlanActivity, params: Record<string, unknown>): Promise<unknown>;
  fail(activity: PlanActivity, error: unknown): ActivityError | undefined;
}

/** What is walked. `kept`: outputs of an earlier run, by activity; those activities count as completed and are not executed. */
export interface Walked {
  readonly plan: Plan;
  readonly input: unknown;
  readonly kept?: Readonly<Record<string, unknown>>;
}

/** A part of the walk that fails on its own: the run itself, or a decoupled activity with its subtree. */
interface Branch {
  readonly root: string | null;
  failed: boolean;
}

/**
 * One walk over one plan. Call `run` once. States may be read at any time; the outcome is valid after `run` settles.
 * No method rejects for a failed activity: look at `failure` and `cancelled`.
 */
export class Walk {
  readonly #activities: ReadonlyMap<string, PlanActivity>;
  readonly #plan: Plan;
  readonly #input: unknown;
  readonly #kept: Readonly<Record<string, unknown>>;
  readonly #steps: Steps;
  readonly #states = new Map<string, ActivityState>();
  readonly #outputs = new Map<string, unknown>();
  readonly #branches: Promise<void>[] = [];
  /** Activities whose failure stays inside a decoupled branch. */
  readonly #tolerated = new Set<string>();
  #stopped = false;
  #cancelled = false;

  constructor({ plan, input, kept = {} }: Walked, steps: Steps) {
    this.#plan = plan;
    this.#kept = kept;
    this.#input = input;
    this.#steps = steps;
    this.#activities = new Map(plan.activities.map((activity) => [activity.id, activity]));
    for (const { id } of plan.activities) this.#states.set(id, { status: 'pending' });
  }

  /** Visits everything that is to be visited; settles when no activity runs any more, decoupled ones included. */
  async run(): Promise<void> {
    const main: Branch = { root: null, failed: false };
    await this.#visitAll(this.#plan.rootChildren, main);
    // A branch may start further branches: the list grows while it is read.
    for (let i = 0; i < this.#branches.length; i++) await this.#branches[i];
  }

  /** True when the run was cancelled in mid-walk. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Failure that ends the run: the first in declared order; failures of decoupled branches do not count. */
  get failure(): ActivityError | undefined {
    for (const { id } of this.#plan.activities) {
      const error = this.#states.get(id)?.error;
      if (error && !this.#tolerated.has(id)) return error;
    }
    return undefined;
  }

  /** State of every activity, in walk order. */
  states(): Record<string, ActivityState> {
    return Object.fromEntries(this.#states);
  }

  /** Why activities were skipped, by id. */
  skips(): Record<string, SkipReason> {
    return Object.fromEntries([...this.#states].flatMap(([id, { reason }]) => (reason ? [[id, reason]] : [])));
  }

  /** The run's result: one entry per activity, with the outputs of completed leaves if asked for. */
  results({ outputs }: { readonly outputs: boolean }): Record<string, ActivityResult> {
    return Object.fromEntries(this.#plan.activities.map((activity) => [activity.id, this.#result(activity, outputs)]));
  }

  #result(activity: PlanActivity, outputs: boolean): ActivityResult {
    const state = this.#states.get(activity.id) ?? { status: 'pending' };
    const leaf = outputs && state.status === 'completed' && activity.children.length === 0;
    return {
      status: state.status === 'running' ? 'pending' : state.status,
      ...(state.reason && { reason: state.reason }),
      ...(state.error && { error: state.error }),
      ...(leaf && { output: this.#outputs.get(activity.id) ?? null }),
    };
  }

  async #visitAll(ids: readonly string[], branch: Branch): Promise<void> {
    if (this.#plan.execution === 'parallel') {
      await Promise.all(ids.map((id) => this.#enter(id, branch)));
      return;
    }
    for (const id of ids) await this.#enter(id, branch);
  }

  /** Visits one activity, or sends it off on its own when it is decoupled. */
  async #enter(id: string, branch: Branch): Promise<void> {
    const activity = this.#activities.get(id);
    if (!activity || this.#over(branch)) return;
    if (!activity.decoupled) return this.#visit(activity, branch);
    this.#branches.push(this.#visitDecoupled(activity));
  }

  async #visitDecoupled(activity: PlanActivity): Promise<void> {
    const branch: Branch = { root: activity.id, failed: false };
    await this.#visit(activity, branch);
    if (branch.failed) this.#skipPending(activity, 'ancestor-failed');
  }

  async #visit(activity: PlanActivity, branch: Branch): Promise<void> {
    if (Object.hasOwn(this.#kept, activity.id)) {
      this.#outputs.set(activity.id, this.#kept[activity.id]);
      this.#states.set(activity.id, { status: 'completed' });
      return this.#visitAll(activity.children, branch);
    }
    const scope = { input: this.#input, outputs: this.#outputs };
    if (!activity.applicability.every((entry) => Boolean(resolve(entry, scope)))) {
      this.#states.set(activity.id, { status: 'skipped', reason: 'applicability' });
      this.#skipPending(activity, 'ancestor-skipped');
      return;
    }
    this.#states.set(activity.id, { status: 'running' });
    try {
      const params = resolve(activity.params, scope) as Record<string, unknown>;
      this.#outputs.set(activity.id, await this.#steps.execute(activity, params));
    } catch (error) {
      this.#failed(activity, branch, error);
      return;
    }
    this.#states.set(activity.id, { status: 'completed' });
    await this.#visitAll(activity.children, branch);
  }

  #failed(activity: PlanActivity, branch: Branch, cause: unknown): void {
    const error = this.#steps.fail(activity, cause);
    if (!error) {
      this.#cancelled = true;
      this.#stopped = true;
      this.#states.set(activity.id, { status: 'pending' });
      return;
    }
    this.#states.set(activity.id, { status: 'failed', error });
    branch.failed = true;
    if (branch.root === null) this.#stopped = true;
    else this.#tolerated.add(activity.id);
  }

  /** No further activity of this branch may start. */
  #over(branch: Branch): boolean {
    return this.#stopped || branch.failed;
  }

  #skipPending(parent: PlanActivity, reason: SkipReason): void {
    for (const id of parent.children) {
      const child = this.#activities.get(id);
      if (!child) continue;
      if (this.#states.get(id)?.status === 'pending') this.#states.set(id, { status: 'skipped', reason });
      this.#skipPending(child, reason);
    }
  }
}
