#!/usr/bin/env node
/*
 * The door of every command: `cloister …`, `npm run …`, `npm test`. Runs on any Node ≥ 20 and before anything is
 * installed, so it and what it imports are plain JavaScript without a dependency. It installs what package-lock.json
 * names if that is not there yet, and then runs the entry under the pinned Node 26.
 *
 * Usage: bootstrap.mjs [--entry FILE] ARGS…    FILE is relative to the package and exports main(argv): Promise<number>,
 * the exit code. Default: host/cloister.ts.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { keepCompiled } from './bootstrap/compiled.mjs';
import { ensureInstalled } from './bootstrap/install.mjs';
import { onLeash, PINNED_MAJOR, runPinned } from './bootstrap/runtime.mjs';

const OLDEST_MAJOR = 20;
const DEFAULT_ENTRY = 'host/cloister.ts';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const major = Number(process.versions.node.split('.')[0]);

process.exitCode = await start(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`cloister: ${error.friendly ? error.message : error.stack}\n`);
  return 1;
});

async function start(given) {
  if (major < OLDEST_MAJOR) return refuse(`needs Node ${OLDEST_MAJOR} or later, and this is ${process.version}`);
  if (process.platform === 'win32') return refuse('runs on Linux and macOS; on Windows use WSL or a container');
  const { entry, leashed, args } = options(given);
  if (leashed) onLeash();
  else await ensureInstalled(root, { dev: entry !== DEFAULT_ENTRY });
  if (major !== PINNED_MAJOR) return runPinned(root, fileURLToPath(import.meta.url), ['--entry', entry, ...args]);
  keepCompiled(process.env);
  const { main } = await import(pathToFileURL(join(root, entry)).href);
  return main(args);
}

function refuse(sentence) {
  process.stderr.write(`cloister: ${sentence}.\n`);
  return 1;
}

/** Own options come first; the first word that is none of them begins the entry's. */
function options(given) {
  const args = [...given];
  const leashed = args[0] === '--leashed';
  if (leashed) args.shift();
  const entry = args[0] === '--entry' && args[1] !== undefined ? args.splice(0, 2)[1] : DEFAULT_ENTRY;
  return { entry, leashed, args };
}
