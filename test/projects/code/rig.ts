/** A `ProjectCode` over the embedded database and the real build process; both live as long as the test. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createClient } from '@supabase/supabase-js';
import { pino } from 'pino';
import { startSupabase } from '../../../host/embedded/supabase.ts';
import { ProjectCode, type ProjectCodeOptions } from '../../../host/projects/code.ts';
import {
  type BuildInput,
  createStore,
  type GuestPlan,
  type ProjectProblem,
  type ProjectRow,
  projectSentence,
  type Store,
} from '../../../registry/index.ts';
import { createSandbox, type Sandbox } from '../../../sandbox/index.ts';
import { temporaryFolder } from '../../stand/project.ts';

/** What a case works with. */
export interface CodeRig extends AsyncDisposable {
  readonly store: Store;
  readonly sandbox: Sandbox;
  /** What was built, in order. */
  readonly built: BuildInput[];
  code(over?: Partial<ProjectCodeOptions>): ProjectCode;
  /** A project of its own. */
  project(over?: Parameters<Store['createProject']>[0] | Record<string, unknown>): Promise<ProjectRow>;
  /** Saves an active workflow; `code` alone is its workflow_code. */
  workflow(
    project: ProjectRow,
    name: string,
    code: string | Record<string, unknown>,
    components?: readonly unknown[],
  ): Promise<string>;
  component(project: ProjectRow | null, name: string, code: string, over?: Record<string, unknown>): Promise<string>;
}

/** Samples of built-in activities: two names, one of them often taken by projects. */
const SAMPLES = new Map([
  [
    'sampleActivity',
    `export const main = (input: { message: string }) => ({ success: true, message: input.message });`,
  ],
  ['sendEmail', `export const main = () => 'built-in';`],
]);

export async function openCode(): Promise<CodeRig> {
  const folder = await temporaryFolder('project-code');
  const db = await startSupabase({ dbFile: path.join(folder.path, 'db.sqlite') });
  const store = createStore({ client: createClient(db.url, db.serviceRoleKey, { auth: { persistSession: false } }) });
  const sandbox = createSandbox({ spare: false });
  const built: BuildInput[] = [];
  let count = 0;
  return {
    store,
    sandbox,
    built,
    code: (over = {}) =>
      new ProjectCode({
        store,
        build: (request) => {
          built.push(request);
          return sandbox.build(request);
        },
        sampleActivities: SAMPLES,
        limits: { steps: 1_000, memoryMb: 32, codeMaxBytes: 1_048_576 },
        packages: { names: new Set(), read: async () => null },
        log: pino({ level: 'silent' }),
        ...over,
      }),
    project: (over = {}) => store.createProject({ name: `Project ${count++}`, tenant: 'org-a', ...over }),
    async workflow(project, name, code, components) {
      const compiled = typeof code === 'string' ? { workflow_code: code } : code;
      const { id } = await store.saveProjectWorkflow({
        projectId: project.id,
        name,
        status: 'active',
        compiledTypescript: JSON.stringify(compiled),
        ...(components && { definition: definitionOf(components) }),
      });
      return id;
    },
    async component(project, name, code, over = {}) {
      return (await store.saveComponent({ projectId: project?.id ?? null, name, code, ...over })).id;
    },
    async [Symbol.asyncDispose]() {
      await sandbox.close();
      await db.close();
      await rm(folder.path, { recursive: true, force: true });
    },
  };
}

/** A definition whose nodes name these components. */
export function definitionOf(components: readonly unknown[]) {
  return {
    nodes: components.map((componentId, n) => ({ id: `${n}`, type: 'activity', data: { componentId } })),
    edges: [],
  };
}

/** Codes with their sentences. */
export function told(problems: readonly ProjectProblem[]): string[] {
  return problems.map((problem) => `${problem.code} ${projectSentence(problem)}`);
}

/** The plan of a type. @throws Error with the refusal. */
export async function planOf(code: ProjectCode, project: ProjectRow, type: string): Promise<GuestPlan> {
  const loaded = await code.plan(project, type);
  if (!loaded.ok) throw new Error(`${loaded.code} ${loaded.message}`);
  return loaded.plan;
}

/** The refusal of a type, in one line. */
export async function refusalOf(code: ProjectCode, project: ProjectRow, type: string): Promise<string> {
  const loaded = await code.plan(project, type);
  return loaded.ok ? `a plan of ${loaded.plan.workflow.name}` : `${loaded.code} ${loaded.message}`;
}
