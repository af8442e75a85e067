/** The workflow bundle of all project workers, built from the sources once and kept by their digest. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { buildSync, transformSync } from 'esbuild';
import { meter } from './meter/meter.ts';

const HERE = import.meta.dirname;
const require = createRequire(import.meta.url);

/** Bundle of the guest interpreter, JavaScript text. Taken from `cacheDir` when the same sources were bundled before. */
export async function guestBundle(cacheDir: string): Promise<{ code: string }> {
  const kept = join(cacheDir, `guest-${await sourceDigest()}.js`);
  try {
    return { code: await readFile(kept, 'utf8') };
  } catch {
    const code = await make();
    await mkdir(cacheDir, { recursive: true });
    const draft = `${kept}.${process.pid}`;
    await writeFile(draft, code);
    await rename(draft, kept);
    return { code };
  }
}

/** By calls that have a bundler of their own: the one that others share is stopped when they are done, and nobody would answer. */
async function make(): Promise<string> {
  const inner = bundleInner();
  const engine = Buffer.from(meter(new Uint8Array(await readFile(enginePath())))).toString('base64');
  const prelude = buildSync({
    ...COMMON,
    entryPoints: [join(HERE, 'prelude.ts')],
    define: { CLOISTER_ENGINE: JSON.stringify(engine), CLOISTER_INNER: JSON.stringify(inner) },
  });
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(HERE, 'index.ts'),
    workflowInterceptorModules: [join(HERE, 'interceptors.ts')],
    logger: QUIET,
  });
  // Each worker keeps the text, and a map of it several times over; stacks of the interpreter itself tell a project nothing.
  const whole = `${prelude.outputFiles[0]?.text ?? ''}\n${code.slice(0, code.lastIndexOf(MAP_COMMENT))}`;
  const small = transformSync(whole, { minify: true, keepNames: true, legalComments: 'none' });
  const map = { version: 3, file: 'guest-interpreter.js', sources: [], names: [], mappings: '' };
  return `${small.code}${MAP_COMMENT}application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}\n`;
}

const MAP_COMMENT = '//# sourceMappingURL=data:';

const COMMON = {
  bundle: true,
  write: false,
  format: 'iife',
  platform: 'neutral',
  legalComments: 'none',
  logLevel: 'silent',
} as const;

/** The SDK for the inside of QuickJS. It is lowered as guest code is: an `await` of the engine's own would lose its context. */
function bundleInner(): string {
  const made = buildSync({
    ...COMMON,
    entryPoints: [join(HERE, 'inner', 'main.ts')],
    mainFields: ['module', 'main'],
    conditions: ['require', 'default'],
    // One copy of it: its two forms are two classes.
    alias: { long: require.resolve('long'), ...NO_CONVERTERS },
    minify: true,
    keepNames: true,
    supported: { 'async-await': false, 'async-generator': false, 'for-await': false },
  });
  return made.outputFiles[0]?.text ?? '';
}

/** The SDK asks for converters of a worker's own by these names. */
const NO_CONVERTERS = {
  __temporal_custom_payload_converter: join(HERE, 'inner', 'none.ts'),
  __temporal_custom_failure_converter: join(HERE, 'inner', 'none.ts'),
};

function enginePath(): string {
  return require.resolve('quickjs-wasi/quickjs.wasm');
}

async function sourceDigest(): Promise<string> {
  const hash = createHash('sha256').update(versionOf('@temporalio/worker')).update(versionOf('esbuild'));
  hash.update(await readFile(enginePath()));
  for (const folder of [HERE, join(HERE, 'inner'), join(HERE, 'meter')]) {
    for (const name of (await readdir(folder)).sort()) {
      if (name.endsWith('.ts')) hash.update(name).update(await readFile(join(folder, name)));
    }
  }
  hash.update(await readFile(join(HERE, '../../../registry/projects/pin.ts')));
  return hash.digest('hex').slice(0, 32);
}

function versionOf(name: string): string {
  return (require(join(dirname(require.resolve(`${name}/package.json`)), 'package.json')) as { version: string })
    .version;
}

const ignore = (): void => undefined;
const QUIET = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
