/** The code of projects, as their tables hold it now: checked, compiled, and pinned for a run. */
import type { Logger } from 'pino';
import {
  type ActivityPin,
  type Build,
  type Bundle,
  type CodeStore,
  type CompiledCodes,
  type GuestPlan,
  isReservedType,
  type LoadedGuest,
  type ProjectProblem,
  type ProjectRow,
  type ProjectStore,
  type ProjectWorkflowRow,
  plain,
  projectSentence,
  quoted,
  recompileWarning,
  staleWarning,
  typesOf,
} from '../../registry/index.ts';
import { Bundles } from './code/bundles.ts';
import { Compiler, type GuestPackages } from './code/compiler.ts';
import { Latest } from './code/latest.ts';
import { type ListedActivity, listActivities, namesFor } from './code/names.ts';
import { Samples } from './code/samples.ts';
import { type RunnableWorkflow, type Snapshot, type SnapshotParts, takeSnapshot } from './code/snapshot.ts';

export type { GuestPackages } from './code/compiler.ts';

/** What the code of projects is read and compiled with. */
export interface ProjectCodeOptions {
  readonly store: CodeStore & ProjectStore;
  readonly build: Build;
  /** Code was looked at, so that more of it may have to be built soon. */
  readonly prepareBuilds?: () => void;
  /** Activities of the product: name → text of a script that exports `main`; what begins with `_` they share. */
  readonly sampleActivities: ReadonlyMap<string, string>;
  readonly limits: { readonly steps: number; readonly memoryMb: number; readonly codeMaxBytes: number };
  /** npm packages that project code may import. */
  readonly packages: GuestPackages;
  readonly log: Logger;
}

/** A project's code as it is now. */
export interface LoadedProject {
  readonly workflows: readonly {
    readonly id: string;
    readonly name: string;
    /** Its exported functions. */
    readonly types: readonly string[];
    /** `sha256:` and hex, as the plan of a run has it. */
    readonly digest: string;
  }[];
  readonly activities: readonly ListedActivity[];
  readonly warnings: readonly ProjectProblem[];
  /** What is quarantined or refused; a workflow's has its `workflowId`. */
  readonly errors: readonly ProjectProblem[];
  readonly loadMs: number;
}

/** One workflow that was checked. `codes` is null where it cannot run. */
export interface CheckedWorkflow {
  readonly codes: CompiledCodes | null;
  /** Names that runs of it can be started with. */
  readonly types: readonly string[];
  /** As the plan of a run would have it; empty where it cannot run. */
  readonly digest: string;
  readonly errors: readonly ProjectProblem[];
  readonly warnings: readonly ProjectProblem[];
}

/** Names told in one sentence. */
const TOLD = 50;

/** Reads, checks and compiles the code of projects. Calls may overlap. */
export class ProjectCode {
  readonly #options: ProjectCodeOptions;
  readonly #compiler: Compiler;
  readonly #projects = new Map<string, Latest>();
  readonly #bundles: Bundles;
  readonly #samples: Samples;

  constructor(options: ProjectCodeOptions) {
    this.#options = options;
    this.#compiler = new Compiler(options);
    this.#bundles = new Bundles(options.store);
    this.#samples = new Samples(options.sampleActivities, this.#compiler);
  }

  /** Checks and compiles all that is active now. Rejects when the database or the build fails, never for what a project holds. */
  async load(project: ProjectRow): Promise<LoadedProject> {
    const began = performance.now();
    this.#options.prepareBuilds?.();
    const samples = await this.#samples.pins();
    const snapshot = await this.#snapshot(project);
    const histories = await Promise.all(
      snapshot.workflows.map(({ id, row, codes }) =>
        this.#options.store.listCompilations(id).then((history) => staleWarning(row, codes, history)),
      ),
    );
    const recompile = snapshot.workflows.map(({ row }) => recompileWarning(row));
    const warnings = [...snapshot.warnings, ...histories, ...recompile].filter((warning) => warning !== null);
    const isEmpty = snapshot.workflows.length + snapshot.broken.length === 0;
    return {
      workflows: snapshot.workflows.map((workflow) => ({
        id: workflow.id,
        name: workflow.name,
        types: typesOf(workflow),
        digest: `sha256:${workflow.code.bundle.digest}`,
      })),
      activities: listActivities(snapshot, samples),
      warnings: isEmpty ? [...warnings, noWorkflows(project)] : warnings,
      errors: snapshot.errors,
      loadMs: Math.round(performance.now() - began),
    };
  }

  /**
   * Checks and compiles one workflow as it stands in `wanted`, whatever its status, among what else the project has. Rejects as
   * `load` does.
   */
  async check(project: ProjectRow, wanted: ProjectWorkflowRow): Promise<CheckedWorkflow> {
    const { store } = this.#options;
    const { id } = wanted;
    const active = { ...wanted, status: 'active', isActive: true };
    const rows = (await store.listProjectWorkflows(project.id)).map((row) => (row.id === id ? active : row));
    const asWanted = { ...store, listProjectWorkflows: async () => rows };
    const snapshot = await takeSnapshot(this.#parts(asWanted), project, this.#latest(project).owner);
    const own = snapshot.workflows.find((workflow) => workflow.id === id);
    const taken = own ? typesOf(own).flatMap((type) => snapshot.types.refused.get(type) ?? []) : [];
    const concerns = ({ workflowId }: ProjectProblem): boolean => workflowId === id;
    return {
      codes: own?.codes ?? null,
      types: own ? typesOf(own) : [],
      digest: own ? `sha256:${own.code.bundle.digest}` : '',
      errors: [...new Set([...snapshot.errors.filter(concerns), ...taken])],
      warnings: snapshot.warnings.filter(concerns),
    };
  }

  /** What a run that begins now is pinned to. Rejects only for what a further attempt may mend. */
  async plan(project: ProjectRow, type: string): Promise<LoadedGuest> {
    const queue = `queue ${project.taskQueueName}`;
    if (isReservedType(type)) {
      const found = `workflow type ${quoted(type)}`;
      return refuse({ code: 'RESERVED_NAME', where: queue, found, expected: 'a name that is not reserved' });
    }
    const samples = await this.#samples.pins();
    const snapshot = await this.#snapshot(project);
    const { types, refused } = snapshot.types;
    const found = types.get(type);
    if (found) return { ok: true, plan: this.#pin(project, snapshot, samples, found) };
    const problem = refused.get(type) ?? snapshot.broken.find((each) => each.types.has(type))?.problem;
    if (problem) return refuse(problem);
    const known = snapshot.workflows.flatMap((workflow) => typesOf(workflow)).filter((name) => types.has(name));
    const expected = known.length > 0 ? `one of ${sorted(known)}` : 'an active workflow that is compiled';
    return refuse({ code: 'WORKFLOW_TYPE_UNKNOWN', where: queue, found: `workflow type ${quoted(type)}`, expected });
  }

  /** What a name of an activity stands for now, for projects that call the newest; null when there is none. */
  async latest(project: ProjectRow, name: string, workflowId: string | null = null): Promise<ActivityPin | null> {
    const samples = await this.#samples.pins();
    const snapshot = await this.#snapshot(project);
    const workflow = snapshot.workflows.find(({ id }) => id === workflowId);
    return namesFor(snapshot, samples, workflow ?? null).pins.get(name) ?? null;
  }

  /** The bundle of an activity by its digest; null when it is not in the store. */
  bundle(digest: string): Promise<Bundle | null> {
    return this.#bundles.get(digest);
  }

  /** Drops what is kept in memory for a project alone. */
  forget(projectId: string): void {
    this.#projects.delete(projectId);
  }

  #snapshot(project: ProjectRow): Promise<Snapshot> {
    const parts = this.#parts(this.#options.store);
    const latest = this.#latest(project);
    return latest.take(() => takeSnapshot(parts, project, latest.owner));
  }

  #latest({ id }: ProjectRow): Latest {
    const latest = this.#projects.get(id) ?? new Latest();
    this.#projects.set(id, latest);
    return latest;
  }

  #parts(store: ProjectStore): SnapshotParts {
    const { packages, limits } = this.#options;
    return { store, packages, compiler: this.#compiler, codeMaxBytes: limits.codeMaxBytes };
  }

  #pin(
    project: ProjectRow,
    snapshot: Snapshot,
    samples: ReadonlyMap<string, ActivityPin>,
    { workflow, entry }: { readonly workflow: RunnableWorkflow; readonly entry: string },
  ): GuestPlan {
    const { steps, memoryMb } = this.#options.limits;
    const { digest, code, map } = workflow.code.bundle;
    const isNewest = project.activities === 'latest';
    const { pins: all, refused } = namesFor(snapshot, samples, workflow);
    const pins = [...all].map(([name, pin]) => {
      return [name, isNewest && pin.kind !== 'built-in' ? { ...pin, digest: null } : pin] as const;
    });
    return {
      interpreter: 2,
      workflow: { id: workflow.id, name: workflow.name },
      entry,
      types: typesOf(workflow),
      digest: `sha256:${digest}`,
      code,
      map,
      activities: Object.fromEntries(pins),
      refused: Object.fromEntries(
        [...refused].map(([name, problem]) => [name, { code: problem.code, message: projectSentence(problem) }]),
      ),
      limits: { steps, memoryMb },
    };
  }
}

function refuse(problem: ProjectProblem): LoadedGuest {
  return { ok: false, code: problem.code, message: projectSentence(problem) };
}

function noWorkflows({ id, name }: ProjectRow): ProjectProblem {
  const expected = 'at least one that is active and compiled';
  return { code: 'NO_COMPILED_WORKFLOWS', where: `project ${plain(name)} (${id})`, found: 'no workflow', expected };
}

function sorted(known: readonly string[]): string {
  const all = [...new Set(known)].sort();
  const more = all.length - TOLD;
  return [...all.slice(0, TOLD).map(plain), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
