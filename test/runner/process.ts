import { join } from 'node:path';
import { leash } from '../../host/embedded/leash.ts';
import { Family } from './family.ts';
import type { TestFile } from './files.ts';
import { inverted, judge, type Outcome, type Run } from './outcome.ts';

/** What every test process gets: the root, and the ready Temporal program, if there is one. */
export interface Setting {
  readonly root: string;
  readonly temporal: string | null;
}

const SETTLE_MS = 10_000;
const DRAIN_MS = 500;

/** Runs a test file in a process of its own, on a leash, within its limit, and judges it. */
export async function runFile(file: TestFile, setting: Setting): Promise<Outcome> {
  const run = await runProcess(['env', ...variables(setting), process.execPath, file.path], setting.root, file.limitMs);
  const outcome = judge(file.path, run, file.limitMs);
  const faulty = file.fault === null ? outcome : { ...outcome, failed: Math.max(1, outcome.failed), why: file.fault };
  return file.mustFail ? inverted(faulty) : faulty;
}

/** Runs a program in its own session; nothing it has started outlives this call. */
export async function runProcess(command: readonly string[], cwd: string, limitMs: number): Promise<Run> {
  const [program = '', ...args] = command;
  const started = performance.now();
  const leashed = leash(program, args, { cwd, stdout: 'pipe', stderr: 'pipe' });
  const { child } = leashed;
  const family = new Family(child.pid ?? 0);
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise((resolve) => child.once('close', resolve));
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    void leashed.stop(0);
  }, limitMs);
  const { code, signal } = await leashed.ended;
  clearTimeout(limit);
  const ms = performance.now() - started;
  const leftOver = await family.leftOver(SETTLE_MS);
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, DRAIN_MS))]);
  return { output: Buffer.concat(chunks).toString(), code, signal, timedOut, leftOver, ms };
}

/** Tests start servers of their own: one that the developer works with is none of their business. */
function variables({ root, temporal }: Setting): string[] {
  const found = temporal === null ? [] : [`TEMPORAL_CLI_PATH=${temporal}`];
  return ['-u', 'TEMPORAL_ADDRESS', 'NO_COLOR=1', `PWD=${join(root)}`, ...found];
}
