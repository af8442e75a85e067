/** System calls of a build process, as strace tells them. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { inFolder } from '../../yaml/parts/project.ts';

/** Whether this machine can trace a process. */
export function hasStrace(): Promise<boolean> {
  return promisify(execFile)('strace', ['-f', '-o', '/dev/null', 'true']).then(
    () => true,
    () => false,
  );
}

/** What of a traced process was seen. */
export interface Traced {
  /** Calls with a path that the build process made between its first and last build. */
  readonly calls: readonly string[];
  /** Whether each source was made into a bundle. */
  readonly builds: readonly boolean[];
}

const PROGRAM = `
  const { stat } = await import('node:fs/promises');
  const { createSandbox } = await import(process.argv[1]);
  const sandbox = createSandbox({ spare: false, buildMs: 60_000 });
  const sources = JSON.parse(process.argv[2]);
  const files = new Map(sources.map((source, n) => ['activities/' + n + '.ts', source]));
  files.set('activities/first.ts', 'export const main = 1;');
  const make = (name) => sandbox.build({ entry: 'activities/' + name + '.ts', files, builtIns: new Map(),
    packages: new Set(), readPackage: async () => null, virtual: new Map() });
  await make('first');
  await stat('/mark-of-the-first').catch(() => 0);
  const builds = [];
  for (const n of sources.keys()) builds.push((await make(n)).ok);
  await stat('/mark-of-the-last').catch(() => 0);
  await sandbox.close();
  console.log(JSON.stringify(builds));`;

/** Builds each source, all in one process, under strace. */
export function traceBuild(sources: readonly string[]): Promise<Traced> {
  return inFolder({}, async (dir) => {
    const log = join(dir, 'calls');
    const sandbox = join(import.meta.dirname, '../../../../sandbox/index.ts');
    const node = [process.execPath, '--input-type=module', '--eval', PROGRAM, sandbox, JSON.stringify(sources)];
    const child = spawn('strace', ['-f', '-qq', '-s', '300', '-e', 'trace=%file', '-o', log, ...node], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return { calls: callsOf(await readFile(log, 'utf8')), builds: JSON.parse(output) as boolean[] };
  });
}

/** Lines between the marks that are not of the supervisor's own process, which looks after memory and made the marks. */
function callsOf(log: string): readonly string[] {
  const lines = log.split('\n');
  const first = lines.findIndex((line) => line.includes('/mark-of-the-first'));
  const last = lines.findIndex((line) => line.includes('/mark-of-the-last'));
  const child = lines.findIndex((line) => line.includes('execve(') && line.includes('esbuild-wasm'));
  if (child < 0 || first < child || last < first) throw new Error('the trace has no build process or no marks');
  const builder = pidOf(lines[child]);
  const marked = lines.filter((line) => line.includes('/mark-of-the'));
  const supervisor = new Set([...lines.slice(0, child), ...marked].map(pidOf).filter((pid) => pid !== builder));
  // The runtime asks the kernel how fast the processor's clock is.
  return lines.slice(first, last).filter((line) => !supervisor.has(pidOf(line)) && !line.includes('"/sys/devices/'));
}

function pidOf(line: string | undefined): string {
  return line?.split(' ', 1)[0] ?? '';
}
