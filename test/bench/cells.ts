/** Part two: what a cell costs to start and to keep, and the first call after a commit. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createSandbox, type Sandbox } from '../../sandbox/index.ts';
import { readRss } from '../../sandbox/rss.ts';
import { buildScript, callScript } from './cell.ts';
import { type Figure, percentile, timed } from './figures.ts';
import type { Subject } from './subject.ts';

const CELLS = 5;
const CALLS = 100;
const COMMITS = 9;
const SETTLE_MS = 1_000;

/** Measures cells with a sandbox of its own, which nothing else uses meanwhile. */
export async function measureCells(subject: Subject, progress: (text: string) => void): Promise<Figure[]> {
  progress('cells: start and memory');
  const cells = await withSandbox((sandbox) => costs(sandbox, subject), { spare: false });
  progress('cells: first call after a commit');
  const commits = await withSandbox((sandbox) => afterCommits(sandbox, subject), {});
  return [...commits, ...cells];
}

async function withSandbox<T>(use: (sandbox: Sandbox) => Promise<T>, options: { spare?: boolean }): Promise<T> {
  const sandbox = createSandbox(options);
  try {
    // The sandbox bundles its own programs once per process: not a cost of a cell.
    await sandbox.warm('first');
    return await use(sandbox);
  } finally {
    await sandbox.close();
  }
}

async function costs(sandbox: Sandbox, subject: Subject): Promise<Figure[]> {
  const keys = Array.from({ length: CELLS }, (_, index) => `cell-${index}`);
  const starts: number[] = [];
  for (const key of keys) starts.push(await timed(() => sandbox.warm(key)));
  await sleep(SETTLE_MS);
  const fresh = await memory(sandbox, keys);
  const bundle = await buildScript(sandbox, subject.source);
  for (const key of keys) {
    for (let call = 0; call < CALLS; call++) await callScript(sandbox, key, bundle, subject.input);
  }
  await sleep(SETTLE_MS);
  const used = await memory(sandbox, keys);
  const n = CELLS;
  const goal = { median: 60 };
  return [
    { what: 'cell: start, none made ahead', unit: 'ms', rounds: starts, n },
    { what: 'cell: memory, idle, new', unit: 'MiB', rounds: fresh, n, goal },
    { what: `cell: memory, idle, after ${CALLS} calls`, unit: 'MiB', rounds: used, n, goal },
  ];
}

/** Resident memory as the system sees it, MiB per cell. */
async function memory(sandbox: Sandbox, keys: readonly string[]): Promise<number[]> {
  const pids = sandbox.stats().cells.flatMap(({ cell, pid }) => (keys.includes(cell) ? [pid] : []));
  return [...(await readRss(pids)).values()];
}

/** A commit changes the script: it is built and runs for the first time, in a cell that is warm from the one before. */
async function afterCommits(sandbox: Sandbox, { source, input }: Subject): Promise<Figure[]> {
  const cell = 'commits';
  const builds: number[] = [];
  const firsts: number[] = [];
  const extras: number[] = [];
  let bundle = await buildScript(sandbox, source);
  for (let commit = 0; commit < COMMITS; commit++) {
    const warm: number[] = [];
    for (let call = 0; call < CALLS; call++) warm.push(await timed(() => callScript(sandbox, cell, bundle, input)));
    // Commits are far apart: the process for the next build is there by then.
    await sleep(SETTLE_MS);
    const build = await timed(async () => {
      bundle = await buildScript(sandbox, `${source}\nexport const commit = ${commit};\n`);
    });
    const first = await timed(() => callScript(sandbox, cell, bundle, input));
    builds.push(build);
    firsts.push(first);
    extras.push(build + first - percentile(warm, 0.5));
  }
  const n = COMMITS;
  return [
    { what: 'first call after a commit, beyond a warm one', unit: 'ms', rounds: extras, n, goal: { median: 60 } },
    { what: 'of that: the build', unit: 'ms', rounds: builds, n },
    { what: 'of that: the first call of the new code', unit: 'ms', rounds: firsts, n },
  ];
}
