/** Config projects with spoiled YAML through the registry: checked, and compiled twice. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import {
  type Build,
  checkProject,
  compileWorkflow,
  formatProblem,
  openProject,
  type Problem,
  type Project,
  planBody,
  planFromBody,
  RegistryError,
} from '../../../registry/index.ts';
import { watchLoop } from '../../hostile/harness/loop.ts';
import { BUILT_INS, SCRIPT } from '../../registry/folder.ts';
import { temporaryFolder, writeFiles } from '../../stand/project.ts';
import type { Random } from '../random.ts';
import type { Bench, Input, Target } from '../target.ts';
import { FILES, spoilYaml } from './documents.ts';

/** A project of a few files is done in less; the machine may be busy. */
const END_MS = 10_000;
/** The thread is given back between files; a file of the largest size may take a tenth of a second for each half. */
const LOOP_MAX_MS = 500;

/** Scripts are not what is looked at: every one of them builds. */
const build: Build = async () => ({
  ok: true,
  bundle: { digest: '0'.repeat(64), code: '', map: '' },
  exports: ['main', 'description'],
  functions: ['main'],
  unclear: [],
  inputs: [],
});

/** See the file's first line. The parts of an input are `{path, text}` as JSON. */
export const yaml: Target = {
  name: 'yaml',
  open: async (): Promise<Bench> => {
    const folder = await temporaryFolder('fuzz');
    return { make, attempt: (input) => attempt(folder.path, input), [Symbol.asyncDispose]: () => folder.remove() };
  },
};

function make(random: Random): Input {
  const spoiled = random.pick(FILES);
  const texts = FILES.map(({ path, text }) => {
    const isSpoiled = path === spoiled.path || random.chance(0.05);
    return JSON.stringify({ path, text: isSpoiled ? spoilYaml(random, text) : text });
  });
  return { kind: spoiled.kind, parts: texts };
}

async function attempt(root: string, { parts }: Input): Promise<readonly string[]> {
  const dir = `${root}/project`;
  const files = parts.map((part) => JSON.parse(part) as { path: string; text: string });
  await rm(dir, { recursive: true, force: true });
  await writeFiles(dir, {
    'activities/a.ts': SCRIPT,
    'validation-rules/a.ts': SCRIPT,
    'triggers/t/input-mapping.ts': SCRIPT,
  });
  await writeFiles(dir, Object.fromEntries(files.map(({ path, text }) => [path, text])));
  const loop = watchLoop();
  const began = performance.now();
  const faults = await read(dir);
  const ms = performance.now() - began;
  const { ownMax } = loop();
  if (ms > END_MS) faults.push(`took ${Math.round(ms)} ms`);
  if (ownMax > LOOP_MAX_MS) faults.push(`held the thread for ${Math.round(ownMax)} ms`);
  return faults;
}

async function read(dir: string): Promise<string[]> {
  try {
    const project = await openProject({ dir, mode: 'working-tree', builtIns: BUILT_INS, build });
    const faults = (await checkProject(project)).flatMap((problem) => problemFaults(problem, dir));
    for (const id of project.workflows.keys()) faults.push(...(await compileFaults(project, id, dir)));
    return faults;
  } catch (error) {
    if (error instanceof RegistryError) return [];
    throw error;
  }
}

function problemFaults(problem: Problem, dir: string): string[] {
  const faults: string[] = [];
  const line = formatProblem(problem);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e\ufeff]/.test(line))
    faults.push('a problem has control characters');
  if (!(problem.line >= 1 && problem.column >= 1))
    faults.push(`${problem.code} stands at ${problem.line}:${problem.column}`);
  if (line.length > 4_000) faults.push(`${problem.code} takes ${line.length} characters`);
  if (line.includes(dir)) faults.push(`${problem.code} tells the path of the project`);
  return faults;
}

/** A plan is plain data: it is the same when it is made again, or read back from its text. */
async function compileFaults(project: Project, id: string, dir: string): Promise<string[]> {
  const [first, second] = [await compileWorkflow(project, id), await compileWorkflow(project, id)];
  const faults = first.problems.flatMap((problem) => problemFaults(problem, dir));
  if (first.plan?.digest !== second.plan?.digest) faults.push('the same workflow gives two digests');
  if (!first.plan) return faults;
  const { plan } = first;
  const text = planBody(plan);
  if (createHash('sha256').update(text).digest('hex') !== plan.digest)
    faults.push('the text of a plan has another digest');
  if (planBody(planFromBody(text, plan.digest, plan)) !== text)
    faults.push('a plan read back from its text is another');
  return faults;
}
