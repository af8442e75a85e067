/**
 * `npm run bench [-- PART…]`: measures, prints one Markdown table, and writes `docs/benchmarks.md` when every part ran.
 * It judges nothing: whoever misses a goal is told so in the table, and the exit code is 0.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../host/env/cache.ts';
import { readEnvironment } from '../../host/env.ts';
import { measureCalls } from './calls.ts';
import { measureCells } from './cells.ts';
import { findCompetitors } from './competitors.ts';
import type { Figure, Missing } from './figures.ts';
import { measureNeighbours } from './neighbours.ts';
import { page } from './page.ts';
import { measureRings } from './rings.ts';
import { cloister } from './rows/cloister.ts';
import { direct } from './rows/direct.ts';
import { readSubject } from './subject.ts';
import { table, verdicts } from './table.ts';
import { measureTenants } from './tenants.ts';

const PARTS = ['calls', 'rings', 'cells', 'tenants', 'neighbours', 'workflows', 'projects', 'api'] as const;
type Part = (typeof PARTS)[number];

/** Twice what it may take: something hangs. */
const LIMIT_MS = 15 * 60_000;

const PAGE = new URL('../../docs/benchmarks.md', import.meta.url);
const BASES = { direct: direct.name, cloister: cloister.name };

/** Resolves to the exit code: 0 measured, 2 an unknown part was asked for. */
export async function main(argv: string[]): Promise<number> {
  const unknown = argv.find((word) => !isPart(word));
  if (unknown !== undefined) {
    process.stderr.write(`bench: found "${unknown}", expected of ${PARTS.join(', ')}\n`);
    return 2;
  }
  setTimeout(giveUp, LIMIT_MS).unref();
  const parts = argv.length === 0 ? PARTS : PARTS.filter((part) => argv.includes(part));
  const [before = 0] = loadavg();
  const folder = await mkdtemp(join(tmpdir(), 'cloister-bench-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(folder));
  try {
    const lines: (Figure | Missing)[] = [];
    for (const part of parts) lines.push(...(await measure(part, folder)));
    const text = table(lines, BASES);
    process.stdout.write(`${text}\n`);
    for (const verdict of verdicts(lines)) progress(verdict);
    if (parts.length === PARTS.length) await writeFile(PAGE, page(text, lines, before));
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measure(part: Part, folder: string): Promise<(Figure | Missing)[]> {
  const environment = readEnvironment();
  if (part === 'workflows') {
    // Loaded last: the threads of Temporal's native library would run beside the other parts.
    const { measureWorkflows } = await import('./workflows.ts');
    return measureWorkflows({ environment, folder, progress });
  }
  if (part === 'projects') {
    const { measureProjects } = await import('./projects.ts');
    return measureProjects({ environment, folder, progress });
  }
  if (part === 'api') {
    const { measureApi } = await import('./api.ts');
    return measureApi({ environment, folder, progress });
  }
  const subject = await readSubject(folder);
  if (part === 'cells') return measureCells(subject, progress);
  if (part === 'rings') return measureRings(subject, progress);
  if (part === 'tenants') return measureTenants(subject, progress);
  if (part === 'neighbours') return measureNeighbours(subject, progress);
  return measureCalls(subject, await findCompetitors(cacheFolder(environment), progress), progress);
}

/** What was started ends with this process; the folder does not. */
function stop(folder: string): never {
  rmSync(folder, { recursive: true, force: true });
  process.exit(130);
}

function giveUp(): void {
  process.stderr.write(`bench: not over after ${LIMIT_MS / 60_000} minutes\n`);
  process.exit(1);
}

function isPart(word: string): word is Part {
  return (PARTS as readonly string[]).includes(word);
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
