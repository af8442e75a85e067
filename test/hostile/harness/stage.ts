/** Attacks one after the other, in one world. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Case } from './attack.ts';
import { type Counts, countAll } from './counts.ts';
import { judge, type Verdict } from './judge.ts';
import { ATTACKER, openWorld, VICTIM, type World } from './world.ts';

/** A world with its figures at rest. */
export interface Stage extends AsyncDisposable {
  /** One at a time. A world in which an attack left something behind is not used again. */
  judge(attack: Case): Promise<Verdict>;
  /** Growth of the host's memory since it was first at rest, MiB. */
  grownMb(): Promise<number>;
}

/** A world with what it has when nothing goes on in it. */
interface Scene {
  readonly world: World;
  readonly base: Counts;
}

/** Opens a stage. */
export async function openStage(): Promise<Stage> {
  let scene = await openScene();
  const atFirst = await residentMb();
  return {
    judge: async (attack) => {
      const verdict = await judge(attack, scene.world, scene.base);
      if (verdict.isSettled) return verdict;
      await scene.world[Symbol.asyncDispose]();
      scene = await openScene();
      return verdict;
    },
    grownMb: async () => (await residentMb()) - atFirst,
    [Symbol.asyncDispose]: () => scene.world[Symbol.asyncDispose](),
  };
}

async function openScene(): Promise<Scene> {
  const world = await openWorld();
  return { world, base: await rest(world) };
}

// Node offers it only to a context that was made after the flag was set.
setFlagsFromString('--expose-gc');
const collectGarbage: (options: object) => void = runInNewContext('gc');

/** A frame as large as the pipe takes: after the first ones the allocator keeps room for the next. */
const LARGE = `async function attack(run) {
  for (let i = 0; i < 2; i++) await send({ t: 'log', id: run.id, level: 'info', message: 'x'.repeat(15e6) });
}`;

const READINGS = 5;
const READING_MS = 150;

/** Uses everything once and as hard as it may be used, so that cells, threads and connections that are kept are there. */
async function rest(world: World): Promise<Counts> {
  const ready = `import { db, fhir, http } from 'cloister';
    export async function main(t) {
      await Promise.allSettled([fhir.search('Patient'), db.from('notes').select(), http.fetch(t.allowed + '/echo')]);
      await Promise.all(Array.from({ length: 40 }, () => $cloister.call('probe.wait', 5)));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }`;
  const tenants = [...Array.from({ length: 8 }, () => ATTACKER), VICTIM];
  await Promise.all(tenants.map((tenant) => world.script(ready, { tenant })));
  await world.forged(LARGE, { limits: { wallMs: 10_000 } });
  await new Promise((resolve) => setTimeout(resolve, 300));
  return countAll(world.sandbox);
}

/** The least of several readings: the collector and the allocator give memory back when they come to it. */
async function residentMb(): Promise<number> {
  const readings: number[] = [];
  for (let i = 0; i < READINGS; i++) {
    collectGarbage({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await new Promise((resolve) => setTimeout(resolve, READING_MS));
    readings.push(process.memoryUsage.rss() / 2 ** 20);
  }
  return Math.min(...readings);
}
