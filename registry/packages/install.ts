import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve as resolvePath } from 'node:path';
import { digestOf } from '../canonical.ts';
import { RegistryError } from '../errors.ts';

const TIMEOUT_MS = 10 * 60_000;
const LONGEST_WORDS = 2_000;

/** Remembers what the installed packages were installed from. */
const MARK = '.cloister-installed';

/**
 * What npm may see of the environment: `PATH`, `HOME`, proxies, registry settings. A project's `.npmrc` can read every one
 * of these and send it anywhere, so no secret of the host's belongs in it. Absent: this process's own environment.
 */
export interface InstallOptions {
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Installs the dependencies of a project folder when `package.json` or the lock file changed since the last time: `npm ci`
 * with a lock file, else `npm install`; install scripts never run. Calls for one folder share
 * one installation. True when npm ran. Throws NPM_INSTALL_FAILED.
 */
export function installDependencies(dir: string, options: InstallOptions = {}): Promise<boolean> {
  const folder = resolvePath(dir);
  const running = open.get(folder);
  if (running !== undefined) return running;
  const installing = install(folder, options).finally(() => open.delete(folder));
  open.set(folder, installing);
  return installing;
}

/** Installations under way: two of npm in one folder would undo each other's work. */
const open = new Map<string, Promise<boolean>>();

async function install(dir: string, options: InstallOptions): Promise<boolean> {
  const [manifest, lock, shrinkwrap] = await Promise.all(
    ['package.json', 'package-lock.json', 'npm-shrinkwrap.json'].map((name) => readText(join(dir, name))),
  );
  if (manifest === undefined || manifest === null || !hasDependencies(manifest)) return false;
  const mark = join(dir, 'node_modules', MARK);
  const hasLock = (lock ?? shrinkwrap ?? null) !== null;
  if ((await readText(mark)) === digestOf([manifest, lock, shrinkwrap])) return false;
  await npm(dir, hasLock ? 'ci' : 'install', options);
  await mkdir(join(dir, 'node_modules'), { recursive: true });
  // `npm install` writes the lock file: what stands there now is what the next call compares.
  const after = await Promise.all(
    ['package-lock.json', 'npm-shrinkwrap.json'].map((name) => readText(join(dir, name))),
  );
  await writeFile(mark, digestOf([manifest, ...after]));
  return true;
}

function hasDependencies(manifest: string): boolean {
  try {
    const parsed: unknown = JSON.parse(manifest);
    if (typeof parsed !== 'object' || parsed === null) return false;
    return ['dependencies', 'optionalDependencies'].some((name) => {
      const value: unknown = Reflect.get(parsed, name);
      return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    });
  } catch {
    return false;
  }
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

/** Settings on the command line win over the project's `.npmrc`: no script runs and no other git is started. */
const FLAGS = [
  '--ignore-scripts',
  '--git=git',
  '--omit=dev',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
  '--global=false',
];

function npm(dir: string, command: 'ci' | 'install', { env }: InstallOptions): Promise<void> {
  const child = spawn('npm', [command, ...FLAGS], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    ...(env && { env: { ...env } }),
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(0, LONGEST_WORDS);
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(failed(command, error.message)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(failed(command, words.trim() || `an end by ${signal ?? `exit code ${code}`}`));
    });
  });
}

function failed(command: string, found: string): RegistryError {
  return new RegistryError('NPM_INSTALL_FAILED', `npm ${command}: found ${found}, expected it to succeed`);
}
