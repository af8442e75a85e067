import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

/** The sandbox's own programs as single texts: made once, from this folder, by the trusted host. */
export interface Sources {
  /** Process side of a cell, and of a build. */
  readonly cell: string;
  readonly build: string;
  /** Scripts whose completion value is one function. */
  readonly prelude: string;
  readonly sealed: string;
  /** ES modules that scripts are bundled with. */
  readonly cloister: string;
  readonly db: string;
}

let loading: Promise<Sources> | null = null;

/**
 * Bundles the programs of the sandbox, once for this process: the bundler is stopped afterwards, which must not happen to another
 * load. A cell then needs no file of this project to be readable, nor Node's type stripping in its memory.
 */
export function loadSources(): Promise<Sources> {
  loading ??= load().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function load(): Promise<Sources> {
  try {
    const libraries = bundle('guest/libraries.ts', { format: 'iife', globalName: '$made', minify: true });
    const [cell, build, prelude, sealed, cloister, db] = await Promise.all([
      program('cell/main.ts'),
      program('build/main.ts'),
      guestScript('guest/prelude.ts', 'install', libraries),
      guestScript('guest/sealed.ts', 'evaluate', libraries),
      bundle('guest/cloister.ts', { format: 'esm', external: ['./db.ts'] }),
      bundle('guest/db.ts', { format: 'esm' }),
      libraries,
    ]);
    return { cell, build, prelude, sealed, cloister, db };
  } finally {
    await esbuild.stop();
  }
}

function program(entry: string): Promise<string> {
  return bundle(entry, {
    format: 'cjs',
    platform: 'node',
    external: ['isolated-vm', 'esbuild-wasm', 'esbuild-wasm/lib/browser.js'],
    minify: true,
  });
}

/**
 * Strict, so that no call site or `caller` leads a script to a function of the bridge. The libraries stand beside it, in a
 * function that nobody has called yet.
 */
async function guestScript(entry: string, door: string, libraries: Promise<string>): Promise<string> {
  const doors = await bundle(entry, { format: 'iife', globalName: '$doors', minify: true });
  return `(function () { "use strict"; ${doors}
    function $libraries() { ${await libraries} return $made; }
    return $doors.${door}; })()`;
}

async function bundle(entry: string, options: esbuild.BuildOptions): Promise<string> {
  const result = await esbuild.build({
    bundle: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import', 'default'],
    target: 'esnext',
    legalComments: 'none',
    logLevel: 'silent',
    absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
    entryPoints: [entry],
    tsconfigRaw: {},
    write: false,
    ...options,
  });
  const [file] = result.outputFiles ?? [];
  if (!file) throw new Error(`esbuild made nothing of ${entry}`);
  return file.text;
}
