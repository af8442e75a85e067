/** Builds of hostile projects, in the world's own sandbox. */
import * as assert from 'uvu/assert';
import type { BuildOutcome, Sandbox } from '../../../../sandbox/index.ts';
import type { Attack } from '../../harness/attack.ts';
import type { World } from '../../harness/world.ts';

/** Path → text. `activities/a.ts` is the entry. */
export type Files = Readonly<Record<string, string>>;

/** Name → files of a package that is installed and listed. */
export type Packages = Readonly<Record<string, Files>>;

/** What an ordinary script holds. */
export const MAIN = 'export async function main() { return 1; }\n';

/** Builds `activities/a.ts` in a sandbox; what comes out is what the attacker sees. */
export async function build(where: Where, files: Files, packages: Packages = {}): Promise<BuildOutcome> {
  return make(where, { entry: 'activities/a.ts', files: new Map(Object.entries(files)), packages });
}

/** Builds each of these sources beside the files, all in one process. */
export async function buildEach(
  where: Where,
  sources: readonly string[],
  files: Files = {},
  packages: Packages = {},
): Promise<readonly BuildOutcome[]> {
  const own = sources.map((source, n) => [`activities/${n}.ts`, source] as const);
  const all = new Map([...Object.entries(files), ...own]);
  const outcomes: BuildOutcome[] = [];
  for (const [entry] of own) outcomes.push(await make(where, { entry, files: all, packages }));
  return outcomes;
}

type Where = { readonly sandbox: Sandbox; readonly seen: string[] };

interface Making {
  readonly entry: string;
  readonly files: ReadonlyMap<string, string>;
  readonly packages: Packages;
}

async function make({ sandbox, seen }: Where, { entry, files, packages }: Making): Promise<BuildOutcome> {
  const outcome = await sandbox.build({
    entry,
    files,
    builtIns: new Map([['fhir/read', MAIN]]),
    packages: new Set(Object.keys(packages)),
    readPackage: async (name) => {
      const found = Object.hasOwn(packages, name) ? packages[name] : undefined;
      return found ? { key: `${name}#1`, files: new Map(Object.entries(found)) } : null;
    },
    virtual: new Map(),
  });
  seen.push(JSON.stringify(outcome));
  return outcome;
}

/** Problems of a build, one line each: code, place, what was found; none when it was made. */
export function faultsOf(outcome: BuildOutcome): readonly string[] {
  if (outcome.ok) return [];
  return outcome.problems.map(({ code, file, line, found }) => `${code} ${file}:${line} ${found}`);
}

/** Builds and expects a bundle. @throws when there is none. */
export async function mustBuild(world: World, files: Files, packages?: Packages): Promise<string> {
  const outcome = await build(world, files, packages);
  if (!outcome.ok) throw new Error(`it does not build: ${JSON.stringify(outcome.problems)}`);
  return outcome.bundle.code + outcome.bundle.map;
}

/** Each line alone in a script, so that one refusal hides no other: every one must be refused, at its line. */
export function refusedLines(claim: string, linesOf: (world: World) => readonly string[]): Attack {
  return {
    claim,
    act: async (world) => {
      const lines = linesOf(world);
      const outcomes = await buildEach(world, [...lines.map((line) => MAIN + line), MAIN]);
      for (const [n, line] of lines.entries()) {
        const [fault] = outcomes[n] ? faultsOf(outcomes[n]) : [];
        assert.match(fault ?? 'a bundle', new RegExp(`^(IMPORT_UNKNOWN|BUILD_FAILED) activities/${n}\\.ts:2 `), line);
      }
      assert.ok(outcomes.at(-1)?.ok, 'what is refused must leave the builder as it was');
    },
  };
}
