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
  grownMb(): number;
}

/** A world with what it has when nothing goes on in it. */
interface Scene {
  readonly world: World;
  readonly base: Counts;
}

/** Opens a stage. */
export async function openStage(): Promise<Stage> {
  let scene = await openScene();
  const atFirst = residentMb();
  return {
    judge: async (attack) => {
      const verdict = await judge(attack, scene.world, scene.base);
      if (verdict.isSettled) return verdict;
      await scene.world[Symbol.asyncDispose]();
      scene = await openScene();
      return verdict;
    },
    grownMb: () => residentMb() - atFirst,
    [Symbol.asyncDispose]: () => scene.world[Symbol.asyncDispose](),
  };
}

async function openScene(): Promise<Scene> {
  const world = await openWorld();
  return { world, base: await rest(world) };
}

// Node offers it only to a context that was made after the flag was set.
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

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
  await new Promise((resolve) => setTimeout(resolve, 300));
  return countAll(world.sandbox);
}

function residentMb(): number {
  collectGarbage();
  return process.memoryUsage.rss() / 2 ** 20;
}
