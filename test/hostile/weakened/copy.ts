/**
 * The catalogue against a build with one defence taken out: a copy of the sources with some text replaced. Production holds no
 * switch for it, and a defence that was rewritten makes the replacement fail instead of pass.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** One text of a source file, which must stand there exactly once, and what takes its place. */
export interface Edit {
  /** From the top of the repository. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What the catalogue said about the weakened build. */
export interface Weakened {
  /** 0 when all attacks were withstood. */
  readonly code: number | null;
  /** The table, with a line `✗ …` for each fault. */
  readonly output: string;
}

const ROOT = join(import.meta.dirname, '../../..');
const COPIED = [
  'package.json',
  'host',
  'plugins',
  'registry',
  'sandbox',
  'test/hostile',
  'test/sandbox',
  'test/durability',
];
const LIMIT_MS = 60_000;
const MAIN =
  "const { main } = await import('./test/hostile/index.ts'); process.exit(await main(process.argv.slice(1)));";

/** A copy of the sources with the edits; disposing removes it. @throws when a text to be replaced is not there, or not once. */
export async function copyWith(edits: readonly Edit[]): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'cloister-weakened-'));
  const copy = { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
  try {
    await Promise.all(COPIED.map((path) => cp(join(ROOT, path), join(dir, path), { recursive: true })));
    await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    for (const edit of edits) await apply(dir, edit);
    return copy;
  } catch (error) {
    await copy[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs the attacks of these ids in a copy with the edits. @throws as `copyWith`. */
export async function attackWeakened(edits: readonly Edit[], ids: readonly string[]): Promise<Weakened> {
  await using copy = await copyWith(edits);
  return await run(copy.dir, ids);
}

async function apply(dir: string, { file, from, to }: Edit): Promise<void> {
  const path = join(dir, file);
  const parts = (await readFile(path, 'utf8')).split(from);
  if (parts.length !== 2) throw new Error(`${file}: found the text ${parts.length - 1} times, expected once: ${from}`);
  await writeFile(path, parts.join(to));
}

/** A weakened build may not be able to end what it started: all of its processes are ended with it. */
async function run(cwd: string, ids: readonly string[]): Promise<Weakened> {
  const args = ['--input-type=module', '--eval', MAIN, '--', ...ids];
  const child = spawn(process.execPath, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const endAll = (): void => void (child.pid && endGroup(child.pid));
  const timer = setTimeout(endAll, LIMIT_MS);
  const ended = once(child, 'exit').then(([code]) => {
    endAll();
    return code as number | null;
  });
  const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  clearTimeout(timer);
  return { code, output: out + err };
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
