/** All attacks of a group, in one world, one after the other. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Case } from './attack.ts';
import { casesOf, type Group } from './cases.ts';
import { type Counts, countAll } from './counts.ts';
import { judge, type Verdict } from './judge.ts';
import { openWorld, type World } from './world.ts';

/** A world with its figures at rest. */
export interface Stage extends AsyncDisposable {
  readonly cases: readonly Case[];
  judge(attack: Case): Promise<Verdict>;
  /** Growth of the host's memory since it was at rest, MiB. */
  grownMb(): number;
}

/** Opens the world of a group. @throws when a file of the group is no attack. */
export async function openGroup(group: Group): Promise<Stage> {
  const cases = await casesOf(group);
  const world = await openWorld();
  const base = await rest(world);
  const atFirst = residentMb();
  return {
    cases,
    judge: (attack) => judge(attack, world, base),
    grownMb: () => residentMb() - atFirst,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

// Node offers it only to a context that was made after the flag was set.
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Uses everything once and as hard as it may be used, so that threads and connections that are kept are there. */
async function rest(world: World): Promise<Counts> {
  const ready = `import { db, fhir, http } from 'cloister';
    export async function main(t) {
      await Promise.allSettled([fhir.search('Patient'), db.from('notes').select(), http.fetch(t.allowed + '/echo')]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }`;
  await Promise.all(Array.from({ length: 8 }, () => world.script(ready)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  return countAll(world.sandbox);
}

function residentMb(): number {
  collectGarbage();
  return process.memoryUsage.rss() / 2 ** 20;
}
