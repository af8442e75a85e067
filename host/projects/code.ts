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
import { CodeOwner, Compiler, type GuestPackages } from './code/compiler.ts';
import { type RunnableWorkflow, type Snapshot, type SnapshotParts, takeSnapshot } from './code/snapshot.ts';

export type { GuestPackages } from './code/compiler.ts';

/** What the code of projects is read and compiled with. */
export interface ProjectCodeOptions {
  readonly store: CodeStore & ProjectStore;
  readonly build: Build;
  /** Activities of the product: name → text of a script that exports `main`. */
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
  readonly activities: readonly {
    readonly name: string;
    readonly version: string | null;
    readonly digest: string;
    readonly kind: ActivityPin['kind'];
  }[];
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

/** Bundles kept in memory by their own digest. */
const KEPT = 500;
const STORE_AGAIN_MS = 24 * 60 * 60 * 1000;
/** Names told in one sentence. */
const TOLD = 50;

/** Reads, checks and compiles the code of projects. Calls may overlap. */
export class ProjectCode {
  readonly #options: ProjectCodeOptions;
  readonly #compiler: Compiler;
  readonly #projects = new Map<string, Latest>();
  readonly #bundles = new Map<string, { readonly bundle: Bundle; touchedAt: number }>();
  readonly #samplesOwner = new CodeOwner();
  #samples: Promise<ReadonlyMap<string, ActivityPin>> | null = null;

  constructor(options: ProjectCodeOptions) {
    this.#options = options;
    this.#compiler = new Compiler(options);
  }

  /** Checks and compiles all that is active now. Rejects when the database or the build fails, never for what a project holds. */
  async load(project: ProjectRow): Promise<LoadedProject> {
    const began = performance.now();
    const samples = await this.#sampleActivities();
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
    const samples = await this.#sampleActivities();
    const snapshot = await this.#snapshot(project);
    const { types, refused } = snapshot.types;
    const found = types.get(type);
    if (found) return { ok: true, plan: this.#pin(project, snapshot, samples, found) };
    const problem = refused.get(type) ?? snapshot.broken.find((each) => each.types.has(type))?.problem;
    if (problem) return refuse(problem);
    const known = snapshot.workflows.flatMap((workflow) => typesOf(workflow)).filter((name) => types.has(name));
    const expected = known.length > 0 ? `one of ${names(known)}` : 'an active workflow that is compiled';
    return refuse({ code: 'WORKFLOW_TYPE_UNKNOWN', where: queue, found: `workflow type ${quoted(type)}`, expected });
  }

  /** What a name of an activity stands for now, for projects that call the newest; null when there is none. */
  async latest(project: ProjectRow, name: string, workflowId: string | null = null): Promise<ActivityPin | null> {
    const samples = await this.#sampleActivities();
    const snapshot = await this.#snapshot(project);
    const workflow = snapshot.workflows.find(({ id }) => id === workflowId);
    return namesFor(snapshot, samples, workflow ?? null).pins.get(name) ?? null;
  }

  /** The bundle of an activity by its digest; null when it is not in the store. */
  async bundle(digest: string): Promise<Bundle | null> {
    const { store } = this.#options;
    const kept = this.#bundles.get(digest);
    if (kept) {
      if (kept.touchedAt < Date.now() - STORE_AGAIN_MS) {
        kept.touchedAt = Date.now();
        await store.touchCode(digest);
      }
      return kept.bundle;
    }
    const code = await store.getCode(digest);
    if (code?.kind !== 'bundle') return null;
    await store.touchCode(digest);
    const bundle: Bundle = { digest, ...(JSON.parse(code.body) as Omit<Bundle, 'digest'>) };
    this.#bundles.set(digest, { bundle, touchedAt: Date.now() });
    const [oldest] = this.#bundles.keys();
    if (this.#bundles.size > KEPT && oldest !== undefined) this.#bundles.delete(oldest);
    return bundle;
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
      interpreter: 1,
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

  #sampleActivities(): Promise<ReadonlyMap<string, ActivityPin>> {
    this.#samples ??= this.#buildSamples().catch((error: unknown) => {
      this.#samples = null;
      throw error;
    });
    return this.#samples;
  }

  async #buildSamples(): Promise<ReadonlyMap<string, ActivityPin>> {
    const { sampleActivities } = this.#options;
    const files = new Map([...sampleActivities].map(([name, text]) => [`${name}.ts`, text]));
    const pins = [...sampleActivities.keys()]
      .filter((name) => !name.startsWith('_'))
      .sort()
      .map(async (name) => {
        const source = { kind: 'activity', entry: `${name}.ts`, files } as const;
        const made = await this.#compiler.compile(source, this.#samplesOwner);
        if (!made.ok) throw new Error(`built-in activity ${name}: ${JSON.stringify(made.faults)}`);
        const { digest } = made.bundle;
        return [name, { kind: 'built-in', digest, export: 'main', component: null, version: null }] as const;
      });
    return new Map(await Promise.all(pins));
  }
}

/** Snapshots of one project: who asks gets one that is begun after it asked, shared with all who asked in the meantime. */
class Latest {
  readonly owner = new CodeOwner();
  #running: Promise<unknown> | null = null;
  #next: Promise<Snapshot> | null = null;

  take(work: () => Promise<Snapshot>): Promise<Snapshot> {
    if (this.#running === null) return this.#run(work);
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.#run(work);
    });
    return this.#next;
  }

  #run(work: () => Promise<Snapshot>): Promise<Snapshot> {
    const taken = work();
    const running = taken.then(
      () => undefined,
      () => undefined,
    );
    this.#running = running;
    void running.then(() => {
      if (this.#running === running) this.#running = null;
    });
    return taken;
  }
}

/**
 * Every name that a workflow may call: a component's goes before its own, and that before a built-in's. Nothing stands in for what
 * is refused. Sorted.
 */
function namesFor(
  { activities, brokenActivities }: Snapshot,
  samples: ReadonlyMap<string, ActivityPin>,
  workflow: RunnableWorkflow | null,
): { readonly pins: ReadonlyMap<string, ActivityPin>; readonly refused: ReadonlyMap<string, ProjectProblem> } {
  const found = new Map<string, ActivityPin | ProjectProblem>([
    ...samples,
    ...(workflow?.brokenOwn ?? []),
    ...(workflow?.own?.exports ?? []).map((name): [string, ActivityPin] => {
      const digest = workflow?.own?.digest ?? null;
      return [name, { kind: 'own', digest, export: name, component: null, version: null }];
    }),
    ...brokenActivities,
    ...activities.pins,
    ...activities.refused,
  ]);
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    pins: new Map(sorted.flatMap(([name, each]) => ('kind' in each ? [[name, each]] : []))),
    refused: new Map(sorted.flatMap(([name, each]) => ('kind' in each ? [] : [[name, each]]))),
  };
}

function listActivities(
  { activities, workflows }: Snapshot,
  samples: ReadonlyMap<string, ActivityPin>,
): LoadedProject['activities'] {
  const listed = (name: string, { kind, version, digest }: ActivityPin) => ({
    name,
    version,
    digest: digest ?? '',
    kind,
  });
  const components = [...activities.pins].map(([name, pin]) => listed(name, pin));
  const own = workflows.flatMap(({ own: each }) =>
    (each?.exports ?? []).map((name) => ({ name, version: null, digest: each?.digest ?? '', kind: 'own' as const })),
  );
  return [...components, ...own, ...[...samples].map(([name, pin]) => listed(name, pin))];
}

function refuse(problem: ProjectProblem): LoadedGuest {
  return { ok: false, code: problem.code, message: projectSentence(problem) };
}

function noWorkflows({ id, name }: ProjectRow): ProjectProblem {
  const expected = 'at least one that is active and compiled';
  return { code: 'NO_COMPILED_WORKFLOWS', where: `project ${plain(name)} (${id})`, found: 'no workflow', expected };
}

function names(known: readonly string[]): string {
  const sorted = [...new Set(known)].sort();
  const more = sorted.length - TOLD;
  return [...sorted.slice(0, TOLD).map(plain), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
