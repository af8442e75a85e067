/*
 * Installs the dependencies when node_modules is not what package-lock.json says. npm's own record of what it put there
 * (node_modules/.package-lock.json) is compared, so an `npm ci` by hand or in an image counts as well.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';

const TICK_MS = 1000;
const LINE_EVERY_S = 10;
// No script of a package ever runs: .npmrc says so too, this holds if somebody's own settings overrule it.
const NPM_CI = ['ci', '--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier'];

/**
 * Runs `npm ci` in `root` unless every package of the lock file is installed in its version; `dev: false` does without
 * development dependencies. Two processes at once install once. Throws an error with `friendly: true` when npm fails.
 */
export async function ensureInstalled(root, { dev }) {
  if (isInstalled(root, dev)) return;
  mkdirSync(join(root, '.cloister'), { recursive: true });
  await withLock(join(root, '.cloister', 'install.lock'), async () => {
    if (!isInstalled(root, dev)) await install(root);
  });
}

function isInstalled(root, dev) {
  const wanted = packagesIn(join(root, 'package-lock.json'));
  const present = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === null) throw friendly('package-lock.json is missing or unreadable: is this a whole clone?');
  if (present === null) return false;
  return Object.entries(wanted).every(([path, { version, optional, dev: forDev, devOptional, peer }]) => {
    const optionalHere = path === '' || optional || peer || devOptional || (forDev && !dev);
    return present[path] === undefined ? optionalHere : path === '' || present[path].version === version;
  });
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return null;
  }
}

async function install(root) {
  const progress = startProgress();
  const npm = spawn('npm', NPM_CI, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  npm.stdout.on('data', (chunk) => output.push(chunk));
  npm.stderr.on('data', (chunk) => output.push(chunk));
  const stop = () => npm.kill('SIGTERM');
  process.on('SIGTERM', stop).on('SIGINT', stop);
  const failure = await new Promise((resolve) => {
    npm.once('error', (error) => resolve(`npm could not be started (${error.code}): it comes with Node`));
    npm.once('close', (code) => resolve(code === 0 ? null : `npm ci failed (exit ${code})`));
  });
  process.off('SIGTERM', stop).off('SIGINT', stop);
  progress.end(failure === null);
  // stdout belongs to the command (it may be JSON), so npm's words go to stderr, and only when they matter.
  if (failure !== null) throw friendly(`${failure}\n${Buffer.concat(output).toString().trim()}`);
}

function startProgress() {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const { isTTY } = process.stderr;
  process.stderr.write(`installing dependencies…${isTTY ? '' : '\n'}`);
  const timer = setInterval(() => {
    if (isTTY) process.stderr.write(`\rinstalling dependencies… ${seconds()} s`);
    else if (seconds() % LINE_EVERY_S === 0) process.stderr.write(`installing dependencies… ${seconds()} s\n`);
  }, TICK_MS);
  return {
    end(ok) {
      clearInterval(timer);
      process.stderr.write(
        `${isTTY ? '\r' : ''}${ok ? 'installed' : 'could not install'} dependencies (${seconds()} s)\n`,
      );
    },
  };
}

function friendly(sentence) {
  return Object.assign(new Error(sentence), { friendly: true });
}
