/** `node test/hostile/harness/snapshot.ts`: writes the names of the realm anew, for whoever has judged what is different. */
import { writeFile } from 'node:fs/promises';
import { LIST_NAMES, SNAPSHOT } from '../sandbox/SBX-04-inert-names-of-the-realm.ts';
import { openWorld } from './world.ts';

const world = await openWorld();
const outcome = await world.script(LIST_NAMES, { limits: { cpuMs: 8_000, wallMs: 10_000 } });
if (!outcome.ok) throw new Error(outcome.message);
await writeFile(SNAPSHOT, `${JSON.stringify(outcome.output, null, 2)}\n`);
await world[Symbol.asyncDispose]();
