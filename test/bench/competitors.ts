/** The other sandboxes: packages of `package.json` beside this file, installed into the cache folder when first needed. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../host/bootstrap/lock.mjs';
import { NotAvailable } from './contender.ts';

const run = promisify(execFile);

/** No script of a package runs: each of these brings its program in a package for its platform. */
const NPM_INSTALL = [
  'install',
  '--ignore-scripts',
  '--loglevel=error',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
];
const NPM_LIMIT_MS = 120_000;
const FILES = ['package.json', 'package-lock.json'];

/** Packages by name. */
export interface Competitors {
  /** Loads a package. Throws `NotAvailable` when it is not installed or does not load. */
  load(name: string): unknown;
  /** Folder of the one package that is installed for this platform, of those that `name` offers. Throws `NotAvailable`. */
  platformFolder(name: string): string;
}

/** Installs what is missing. A failure is not one of the bench: `load` then says why. */
export async function findCompetitors(cacheDir: string, progress: (text: string) => void): Promise<Competitors> {
  const folder = join(cacheDir, `bench-${await digest()}`);
  await mkdir(folder, { recursive: true });
  const reason = await withLock(join(folder, 'install.lock'), () => install(folder, progress));
  const require = createRequire(join(folder, 'package.json'));
  const place = (name: string): string => join(folder, 'node_modules', name);
  return {
    load: (name) => attempt(name, reason, () => require(name)),
    platformFolder: (name) =>
      attempt(name, reason, () => {
        const here = names(join(place(name), 'package.json'), 'optionalDependencies').find((other) =>
          existsSync(place(other)),
        );
        if (here === undefined)
          throw new NotAvailable(`${name} has no program for ${process.platform} ${process.arch}`);
        return place(here);
      }),
  };
}

async function digest(): Promise<string> {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const name of FILES) hash.update(await readFile(beside(name)));
  return hash.digest('hex').slice(0, 16);
}

/** Resolves to null, or to why npm failed. */
async function install(folder: string, progress: (text: string) => void): Promise<string | null> {
  const wanted = names(beside('package.json'), 'dependencies');
  if (wanted.every((name) => existsSync(join(folder, 'node_modules', name, 'package.json')))) return null;
  progress('installing what is compared with (once)');
  for (const name of FILES) await copyFile(beside(name), join(folder, name));
  return run('npm', NPM_INSTALL, { cwd: folder, timeout: NPM_LIMIT_MS }).then(
    () => null,
    (error: { stderr?: string; message: string }) => firstLine(error.stderr || error.message),
  );
}

/** Names that a package.json lists. */
function names(file: string | URL, list: 'dependencies' | 'optionalDependencies'): string[] {
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<typeof list, Record<string, string> | undefined>;
  return Object.keys(manifest[list] ?? {});
}

function attempt<T>(name: string, reason: string | null, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (error instanceof NotAvailable) throw error;
    const why = reason ?? firstLine(error instanceof Error ? error.message : String(error));
    throw new NotAvailable(`${name} is not installed: ${why}`);
  }
}

function beside(name: string): URL {
  return new URL(name, import.meta.url);
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
