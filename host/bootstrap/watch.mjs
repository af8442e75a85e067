/*
 * Runs a command of the host again whenever a source of it changes. Node's own --watch is no way: it posts messages of its own
 * to worker threads, which Temporal's take for theirs.
 *
 * Usage: watch.mjs ARGS…    as of host/bootstrap.mjs. SIGINT, SIGTERM and SIGHUP end both; the exit code is the command's.
 */
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const FOLDERS = ['host', 'registry', 'sandbox', 'plugins'];
const SOURCE = /\.(ts|mjs|sql)$/;
/** An editor writes a file in several steps, and several files. */
const SETTLE_MS = 300;

let child = begin();
let isOver = false;
let isDue = false;
let timer;

for (const folder of FOLDERS) watch(join(root, folder), { recursive: true }, (_, name) => noted(String(name)));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // A terminal's Ctrl-C has reached the command already; two of them would mean "at once".
    const isHeard = signal === 'SIGINT' && process.stdin.isTTY;
    if (!isHeard) child?.kill(signal);
    isOver = true;
    if (child === null) process.exit(0);
  });
}

function begin() {
  const begun = spawn(process.execPath, [join(root, 'host/bootstrap.mjs'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  begun.once('exit', (code, signal) => {
    child = null;
    if (isOver) process.exit(signal === null ? code : 128 + constants.signals[signal]);
    if (isDue) restart();
    else process.stderr.write('the host has ended; it starts again when a source changes\n');
  });
  return begun;
}

function noted(name) {
  if (!SOURCE.test(name) || isOver) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    isDue = true;
    if (child === null) restart();
    else child.kill('SIGTERM');
  }, SETTLE_MS);
}

function restart() {
  isDue = false;
  process.stderr.write('a source has changed: starting again\n');
  child = begin();
}
