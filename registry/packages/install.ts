import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve as resolvePath } from 'node:path';
import { digestOf } from '../canonical.ts';
import { RegistryError } from '../errors.ts';
import { requireOwnFolders } from './links.ts';
import { requireOrigins } from './origin.ts';
import { stageModules } from './stage.ts';

const TIMEOUT_MS = 10 * 60_000;
const LONGEST_WORDS = 2_000;

/** Remembers what the installed packages were installed from. */
const MARK = '.cloister-installed';

/**
 * What npm may see of the environment: `PATH`, `HOME`, proxies, registry settings. A project's `.npmrc` can read every one
 * of these and send it anywhere, so no secret of the host's belongs in it.
 */
export interface InstallOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Start npm for a `package.json` without dependencies too: those of an earlier one are then removed. */
  readonly evenIfNone?: boolean;
}

/**
 * Installs the dependencies of a project folder when `package.json` or the lock file changed since the last time: `npm ci`
 * with a lock file, else `npm install`; install scripts never run, and nothing comes from elsewhere than a registry or the
 * project itself. Calls for one folder share one installation. True when npm ran. Throws NPM_INSTALL_FAILED,
 * DEPENDENCY_REFUSED.
 */
export function installDependencies(dir: string, options: InstallOptions): Promise<boolean> {
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
  const [manifest, npmrc, ...locks] = await readTexts(dir, ['package.json', '.npmrc', ...LOCKS]);
  if (manifest === undefined || manifest === null) return false;
  if (options.evenIfNone !== true && !hasDependencies(manifest)) return false;
  if (await isInstalled(dir)) return false;
  requireOrigins({ manifest, locks, npmrc: npmrc ?? null });
  const fill = async (folder: string): Promise<void> => {
    await npm(folder, locks.some((lock) => lock !== null) ? 'ci' : 'install', options);
    const modules = join(folder, 'node_modules');
    await mkdir(modules, { recursive: true });
    await writeFile(join(modules, MARK), digestOf([manifest, ...locks]));
  };
  // Workspaces are folders of the project, which npm links to.
  if (hasWorkspaces(manifest)) {
    await requireOwnFolders(dir);
    await fill(dir);
  } else await stageModules(dir, ordersOf([manifest, npmrc ?? null, ...locks]), fill);
  return true;
}

/** Names what the packages of a project were installed from; empty while nothing was. */
export async function installedMark(dir: string): Promise<string> {
  const [mark] = await readTexts(dir, [join('node_modules', MARK)]);
  return mark ?? '';
}

/** Whether `node_modules` of a project, wherever it is linked to, was installed from just these dependencies. */
export async function isInstalled(dir: string): Promise<boolean> {
  const [mark, ...orders] = await readTexts(dir, [join('node_modules', MARK), 'package.json', ...LOCKS]);
  return mark === digestOf(orders);
}

const LOCKS = ['package-lock.json', 'npm-shrinkwrap.json'];

function ordersOf(texts: readonly (string | null)[]): ReadonlyMap<string, string> {
  const names = ['package.json', '.npmrc', ...LOCKS];
  return new Map(names.flatMap((name, n) => (typeof texts[n] === 'string' ? [[name, texts[n]] as const] : [])));
}

function hasWorkspaces(manifest: string): boolean {
  return Object.hasOwn(JSON.parse(manifest) as object, 'workspaces');
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

/** Null where there is no such file. */
function readTexts(dir: string, names: readonly string[]): Promise<(string | null)[]> {
  return Promise.all(names.map((name) => readFile(join(dir, name), 'utf8').catch(() => null)));
}

/**
 * Settings that win over every `.npmrc`, that of the project as flags and those of repositories that npm may clone as
 * variables: no script runs, no git is started, no folder is copied from elsewhere.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  'ignore-scripts': 'true',
  git: 'git-is-not-started-here',
  'allow-git': 'none',
  'allow-file': 'root',
  'allow-directory': 'root',
  'install-links': 'false',
  'bin-links': 'false',
  omit: 'dev',
  audit: 'false',
  fund: 'false',
  loglevel: 'error',
  global: 'false',
};

function npm(dir: string, command: 'ci' | 'install', { env }: InstallOptions): Promise<void> {
  // A lock file of npm's own making would make the next version of `package.json` one that does not fit it.
  const settings = Object.entries({ ...SETTINGS, 'package-lock': String(command === 'ci') });
  const flags = settings.map(([name, value]) => `--${name}=${value}`);
  const inherited = settings.map(([name, value]) => [`npm_config_${name.replaceAll('-', '_')}`, value]);
  const child = spawn('npm', [command, ...flags], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    env: { ...env, ...Object.fromEntries(inherited) },
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
