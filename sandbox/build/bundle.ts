import type * as esbuild from 'esbuild-wasm';
import type { BuildProblem } from '../contract.ts';
import type { Asker } from './asker.ts';
import { readExports } from './exports.ts';
import { sortExports } from './functions.ts';
import { load } from './loader.ts';
import type { FromBuild } from './message.ts';
import { plainPath } from './path.ts';
import { toProblem } from './problem.ts';
import { type BuildInput, Resolver } from './resolver.ts';

/** The bundler's API, whichever build of it. */
export type Bundler = typeof esbuild;

/** Names of a bundle's wrapper: what it is given, which `sandbox/guest/cloister.ts` and virtual modules read, and what it returns. */
const GIVEN = { cell: '$cloister', guest: '$temporal' } as const;
const EXPORTS = '$exports';

/** Stands in stacks where a file brings a source map of its own. */
const FOREIGN_SOURCE = '(source map)';

const MAX_PROBLEMS = 20;

/** `import()` of something that is not a text: at run time there is nothing to import. */
const REFUSED_WARNINGS: ReadonlySet<string> = new Set(['unsupported-dynamic-import']);

/**
 * Bundles one script: code is a function expression that takes what `cloister` stands on and returns the entry's exports.
 * Nothing in the project can configure this.
 */
export async function bundle(
  esbuild: Bundler,
  input: BuildInput,
  asker: Asker,
): Promise<Extract<FromBuild, { t: 'made' | 'failed' }>> {
  const resolver = new Resolver(input, asker);
  try {
    const made = await esbuild.build({ ...options(input, resolver, asker), ...wrapped(input) });
    const refused = made.warnings.filter((warning) => REFUSED_WARNINGS.has(warning.id));
    if (refused.length > 0) return failed(refused.map((warning) => toProblem(warning, input.entry)));
    const text = (ending: string): string => made.outputFiles.find((file) => file.path.endsWith(ending))?.text ?? '';
    const code = text('.js').trimEnd();
    const inputs = Object.keys(made.metafile.inputs);
    const exports = readExports(code) ?? (await listExports(esbuild, options(input, resolver, asker)));
    return {
      t: 'made',
      code,
      map: withPlainSources(text('.map'), new Set(inputs)),
      exports: [...exports.keys()],
      ...sortExports(code, exports),
      inputs: inputs.flatMap((path) => /^project:(.*)$/s.exec(path)?.[1] ?? []).sort(),
    };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const placed = error.errors.filter((message) => message.location !== null);
    return failed(
      (placed.length > 0 ? placed : error.errors)
        .slice(0, MAX_PROBLEMS)
        .map((message) => toProblem(message, input.entry)),
    );
  }
}

/** Asks the bundler itself, which says it of ES modules only: a second bundle, for the entries that are rare. */
async function listExports(esbuild: Bundler, plain: ReturnType<typeof options>): Promise<ReadonlyMap<string, string>> {
  const { metafile } = await esbuild.build({ ...plain, format: 'esm', metafile: true });
  return new Map(Object.values(metafile.outputs)[0]?.exports.map((name) => [name, '']));
}

/** Lowered, async code stands on `then` alone, which the guest interpreter can follow; the others QuickJS does not have. */
const LOWERED = {
  'async-await': false,
  'async-generator': false,
  'for-await': false,
  using: false,
  decorators: false,
} as const;

function wrapped({ target }: BuildInput) {
  return {
    metafile: true,
    format: 'iife',
    globalName: EXPORTS,
    sourcemap: 'external',
    sourcesContent: false,
    banner: { js: `(function (${GIVEN[target]}) {` },
    footer: { js: `return ${EXPORTS};})` },
    ...(target === 'guest' && { supported: LOWERED }),
  } as const satisfies esbuild.BuildOptions;
}

function options(input: BuildInput, resolver: Resolver, asker: Asker) {
  return {
    entryPoints: [input.entry],
    bundle: true,
    write: false,
    outfile: '/bundle.js',
    absWorkingDir: '/',
    platform: 'neutral',
    target: 'esnext',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    logLimit: 20,
    logOverride: { 'unsupported-dynamic-import': 'warning', 'empty-glob': 'error' },
    jsx: 'transform',
    tsconfigRaw: { compilerOptions: { alwaysStrict: true } },
    plugins: [
      {
        name: 'map',
        setup(build) {
          build.onResolve({ filter: /.*/ }, (args) => resolver.resolve(args));
          build.onLoad({ filter: /.*/ }, (args) => load(args, input, asker));
        },
      },
    ],
  } as const satisfies esbuild.BuildOptions;
}

/** A source that is no file of the build comes from a map inside one of them, and may say whatever its author liked. */
function withPlainSources(map: string, inputs: ReadonlySet<string>): string {
  const parsed: { sources: string[] } & Record<string, unknown> = JSON.parse(map);
  const sources = parsed.sources.map((source) => (inputs.has(source) ? plainPath(source) : FOREIGN_SOURCE));
  return JSON.stringify({ ...parsed, sources });
}

function failed(problems: readonly BuildProblem[]): { t: 'failed'; problems: readonly BuildProblem[] } {
  return { t: 'failed', problems };
}

function isBuildFailure(error: unknown): error is esbuild.BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}
