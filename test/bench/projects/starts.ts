/** The start of a project's worker, against bundling the same code with the SDK and starting a plain worker with it. */
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figure, timed } from '../figures.ts';
import { startPlain } from './sides.ts';
import { type Stand, startWorker, stopWorker, writeProject } from './stand.ts';

const ROUNDS = 7;
const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** By turns. Every start is of code that nobody has compiled or bundled before. `folder` is empty. */
export async function measureStarts(stand: Stand, code: string, folder: string): Promise<Figure[]> {
  await symlink(NODE_MODULES, join(folder, 'node_modules'));
  const ours: number[] = [];
  const theirs: number[] = [];
  // The first round makes the interpreter's bundle and the first process for builds.
  for (let round = 0; round <= ROUNDS; round++) {
    const marked = `${code}\nexport async function round${round}(): Promise<number> {\n  return ${round};\n}\n`;
    const our = await startOurs(stand, `Start ${round}`, marked);
    const their = await startTheirs(stand, join(folder, `round-${round}.ts`), marked);
    if (round === 0) continue;
    ours.push(our);
    theirs.push(their);
  }
  const times = ours.map((our, round) => (theirs[round] ?? Number.NaN) / our);
  const n = ROUNDS;
  return [
    { what: 'project start, request to polling', unit: 'ms', rounds: ours, n, goal: { median: 500 } },
    { what: "the same code by the SDK's bundler, plain worker polling", unit: 'ms', rounds: theirs, n },
    { what: 'project start: times faster than that, by round', unit: '×', rounds: times, n, goal: { least: 2 } },
  ];
}

async function startOurs(stand: Stand, name: string, code: string): Promise<number> {
  const { project } = await writeProject(stand, name, code);
  const ms = await timed(() => startWorker(stand, project.id));
  await stopWorker(stand, project.id);
  return ms;
}

async function startTheirs(stand: Stand, path: string, code: string): Promise<number> {
  await writeFile(path, code);
  let stop = async (): Promise<void> => undefined;
  const ms = await timed(async () => {
    stop = await startPlain(stand, path, 'bench-plain-start');
  });
  await stop();
  return ms;
}
