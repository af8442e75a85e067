/** Scripts: mutations of the catalogue's and random walks, in a real cell with every capability, judged as the catalogue is. */

import { type Counts, countAll } from '../../hostile/harness/counts.ts';
import { judge } from '../../hostile/harness/judge.ts';
import { watchLoop } from '../../hostile/harness/loop.ts';
import { openWorld, type World } from '../../hostile/harness/world.ts';
import type { Random } from '../random.ts';
import type { Bench, Input, Target } from '../target.ts';
import { isScript, readCorpus } from './corpus.ts';
import { mutate } from './mutate.ts';
import { HANDLE, walk } from './walk.ts';

const LIMITS = { wallMs: 500, cpuMs: 200, heapMb: 64, logLines: 200, calls: 300 } as const;

/** Codes with which a script may end. */
const CODES: readonly string[] = [
  'SCRIPT_ERROR',
  'SCRIPT_WALL',
  'SCRIPT_CPU',
  'SCRIPT_MEMORY',
  'SCRIPT_KILLED',
  'MAIN_MISSING',
  'RESULT_NOT_JSON',
  'RESULT_TOO_LARGE',
  'TOO_DEEP',
  'CAPABILITY_REFUSED',
  'TENANT_REFUSED',
  'FHIR_UNAVAILABLE',
  'DB_UNAVAILABLE',
  'HTTP_UNAVAILABLE',
];

/** Deaths of a cell that a script may cause. */
const DEATHS: readonly string[] = ['memory', 'kernel', 'stuck', 'catastrophe', 'retired'];

/**
 * What else may crash it: isolated-vm 7.0.1 leaves V8 24 KiB of stack beyond the limit, and what compiles a text there runs into
 * the guard page. Scripts that overflow the stack on purpose are known by these names.
 */
const OVERFLOWS = /overflow|\bdig\(|\bf\(n \+ 1\)/;

/** See the file's first line. */
export const scripts: Target = {
  name: 'scripts',
  open: async (): Promise<Bench> => {
    const corpus = await readCorpus();
    const world = await openWorld();
    const module = await readModule(world);
    const base = await rest(world);
    const notes: string[] = [];
    return {
      make: (random) => make(random, corpus),
      attempt: (input) => attempt(input, { world, base, module, notes }),
      takeNotes: () => notes.splice(0),
      [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
    };
  },
};

function make(random: Random, corpus: readonly string[]): Input {
  const roll = random.below(10);
  if (roll < 3) {
    const isCalling = random.chance(0.5);
    const script = () => walk(random.below(2 ** 31), random.pick([20, 100, 500, 2000]), isCalling);
    return { kind: isCalling ? 'walk with calls' : 'walk', parts: random.several(1, 2, script) };
  }
  const kind = roll < 5 ? 'built' : 'mutated';
  return { kind, parts: random.several(1, kind === 'built' ? 1 : 3, () => makeOne(random, corpus)) };
}

/** A mutation that can still be read as a script. */
function makeOne(random: Random, corpus: readonly string[]): string {
  for (let tries = 0; tries < 30; tries++) {
    const script = mutate(random, corpus);
    if (script.length < 100_000 && isScript(script)) return script;
  }
  return random.pick(corpus);
}

interface Scene {
  readonly world: World;
  readonly base: Counts;
  /** The module `cloister` as an expression. */
  readonly module: string;
  readonly notes: string[];
}

async function attempt(input: Input, { world, base, module, notes }: Scene): Promise<readonly string[]> {
  const loop = watchLoop();
  const faults: string[] = [];
  const act = async (): Promise<void> => {
    const runs = input.parts.map((script) => perform(input.kind, script, world, module));
    for (const run of await Promise.allSettled(runs)) {
      if (run.status === 'rejected') faults.push(run.reason instanceof Error ? run.reason.message : String(run.reason));
    }
    for (const event of world.events) {
      if (event.event === 'cell.killed') notes.push(`cell ended: ${event.reason}`);
      if (event.event === 'cell.killed' && !isExpected(event.reason, input)) {
        faults.push(`the cell was ended: ${event.reason} ${event.stderr.slice(0, 300)}`);
      }
      // The probe fails on purpose.
      if (event.event === 'call.failed' && !event.method.startsWith('probe.'))
        faults.push(`a call failed in the host: ${String(event.error)}`);
    }
  };
  world.outcomes.length = 0;
  const verdict = await judge(
    { id: 'FUZ-01', effect: 'inert', group: 'sandbox', attack: { claim: '', act } },
    world,
    base,
  );
  const { ownMax } = loop();
  for (const outcome of world.outcomes) notes.push(outcome.ok ? 'result' : outcome.code);
  // Of a run that takes some milliseconds the last percent is one sample.
  const judged = verdict.faults.filter((fault) => !fault.endsWith('at p99') || ownMax > 150);
  return [...faults, ...judged];
}

function isExpected(death: string, { parts }: Input): boolean {
  return DEATHS.includes(death) || (death === 'crash' && parts.some((script) => OVERFLOWS.test(script)));
}

async function perform(kind: string, script: string, world: World, module: string): Promise<void> {
  const outcome =
    kind === 'built'
      ? await world.script(toModule(script), { limits: LIMITS }).catch(refused)
      : await world.unbuilt(`const cloister = (${module})($cloister).main;\n${script}`, { limits: LIMITS });
  if (outcome === null) return;
  if (!outcome.ok && !CODES.includes(outcome.code)) throw new Error(`ended with ${outcome.code} ${outcome.message}`);
  if (!outcome.ok && outcome.message.includes('could not be entered')) throw new Error(outcome.message);
  if (JSON.stringify(outcome).includes(HANDLE)) throw new Error('the script holds a handle');
}

/** What the build refuses with problems of its table does not run. */
function refused(error: unknown): null {
  const text = error instanceof Error ? error.message : '';
  if (/^the script does not build: \[\{"code":"(?:IMPORT_UNKNOWN|BUILD_FAILED)"/.test(text)) return null;
  throw error;
}

/** A script as a module of a project. What does not build is none of the sandbox's business. */
function toModule(script: string): string {
  return `import * as cloister from 'cloister';\n${script}\nexport { main };`;
}

/** The module `cloister` as an expression, a function that takes what the cell gives. */
async function readModule(world: World): Promise<string> {
  const source = `import { db, env, evaluate, fhir, http, log, run } from 'cloister';
    export const main = { db, env, evaluate, fhir, http, log, run };`;
  const built = await world.build({ 'activities/a.ts': source });
  if (!built.ok) throw new Error(JSON.stringify(built.problems));
  return built.bundle.code;
}

/** The figures of the world when everything was used once. */
async function rest(world: World): Promise<Counts> {
  const ready = `import { db, fhir, http } from 'cloister';
    export async function main(t) {
      await Promise.allSettled([fhir.search('Patient'), db.from('notes').select(), http.fetch(t.allowed + '/echo')]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }`;
  await Promise.all(Array.from({ length: 8 }, () => world.script(ready)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const counts = countAll(world.sandbox);
  // Threads that a cell keeps for the next run come with the load.
  return { ...counts, cellThreads: counts.cellThreads + 8 };
}
