/** Hostile projects in folders of their own, read and built by the registry with the world's own sandbox. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import {
  checkProject,
  compileWorkflow,
  formatProblem,
  listWorkflows,
  type OpenOptions,
  openProject,
  type Project,
} from '../../../../registry/index.ts';
import type { Attack } from '../../harness/attack.ts';
import type { World } from '../../harness/world.ts';

/** Path → text. */
export type Files = Readonly<Record<string, string>>;

/** A script that does nothing and is right. */
export const SCRIPT = "export const description = 'x';\nexport async function main() { return 1; }\n";

/** A workflow of one activity, and its script. */
export const PLAIN: Files = {
  'workflows/plain.yaml':
    'id: plain\nname: Plain\nrootChildren: [a]\nactivities: [{ id: a, script: ./activities/a.ts }]\n',
  'activities/a.ts': SCRIPT,
};

/** Makes a folder with these files, and takes it away after the work. */
export async function inFolder<T>(files: Files, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'cloister-hostile-project-'));
  try {
    await writeFiles(dir, files);
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export async function writeFiles(dir: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

/** Opens the project of a folder, as it is in the editor unless the options say otherwise. */
export function openIn(world: World, dir: string, options: Partial<OpenOptions> = {}): Promise<Project> {
  const builtIns = new Map([['fhir/read', SCRIPT]]);
  return openProject({ dir, mode: 'working-tree', builtIns, build: (input) => world.sandbox.build(input), ...options });
}

/** Opens a project of these files for some work. */
export function inProject<T>(world: World, files: Files, work: (project: Project) => Promise<T>): Promise<T> {
  return inFolder(files, async (dir) => work(await openIn(world, dir)));
}

/** Every problem of a project, as a person reads them; the attacker reads them too. */
export async function problemsOf(world: World, project: Project): Promise<readonly string[]> {
  const lines = (await checkProject(project)).map(formatProblem);
  world.seen.push(...lines);
  return lines;
}

/** A file that must be an error of the project, told in its words, and take the plan of workflow `w` away if it is that. */
export function refusedFile(claim: string, path: string, cases: readonly (readonly [string, RegExp])[]): Attack {
  return {
    claim,
    act: (world) =>
      inFolder(PLAIN, async (dir) => {
        const build = world.sandbox.build.bind(world.sandbox);
        for (const [text, expected] of cases) {
          await writeFiles(dir, { [path]: text });
          await mustRefuse(world, await openIn(world, dir, { build }), { path, expected });
        }
      }),
  };
}

interface Refusal {
  readonly path: string;
  readonly expected: RegExp;
}

async function mustRefuse(world: World, project: Project, { path, expected }: Refusal): Promise<void> {
  const lines = await problemsOf(world, project);
  const errors = lines.filter((line) => line.startsWith(`${path}:`) && line.includes(' error ')).join('\n');
  const text = JSON.stringify(project.files.get(path)?.slice(0, 200));
  assert.ok(expected.test(errors), `expected ${expected} of ${text}, found ${JSON.stringify(errors.slice(0, 500))}`);
  if (path !== 'workflows/w.yaml') return;
  assert.is((await compileWorkflow(project, 'w')).plan, null, 'a workflow with errors must have no plan');
  assert.ok(listWorkflows(project).some(({ id, valid }) => id === 'w' && !valid));
  assert.ok((await compileWorkflow(project, 'plain')).plan, 'its neighbour goes on');
}

/** A workflow `w` that must be refused with these words. */
export function refusedWorkflow(claim: string, ...cases: readonly (readonly [string, RegExp])[]): Attack {
  return refusedFile(claim, 'workflows/w.yaml', cases);
}

/** A workflow file with this `rootChildren` and these activities. */
export function workflow(id: string, roots: string, activities: string): string {
  return `id: ${id}\nname: ${id}\nrootChildren: [${roots}]\nactivities:\n${activities}`;
}
