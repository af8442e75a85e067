/** Builds that a limit has to end. */
import * as assert from 'uvu/assert';
import { createSandbox, type Sandbox } from '../../../../sandbox/index.ts';
import type { Attack } from '../../harness/attack.ts';
import { build, type Files, faultsOf, MAIN } from './build.ts';

const BUILD_MS = 4_000;

/** Killing a process and reading its end takes a moment more; a busy machine takes its time to start the next one. */
const END_MS = 4_000;

/** A project whose build must be ended, by its own limits of time and memory, and leave the builder as good as new. */
export function endedBuild(claim: string, files: () => Files): Attack {
  return {
    claim,
    act: async ({ seen }) => {
      const sandbox = createSandbox({ spare: false, buildMs: BUILD_MS, buildRssMb: 400 });
      try {
        const began = performance.now();
        const faults = faultsOf(await build({ sandbox, seen }, files()));
        assert.match(faults.join('\n'), /^BUILD_FAILED activities\/a\.ts:1 a build that was ended: it /);
        assert.ok(performance.now() - began < BUILD_MS + END_MS, 'it must end within its limit');
        assert.ok(await buildsAgain({ sandbox, seen }), 'the next build must be made');
      } finally {
        await sandbox.close();
      }
    },
  };
}

/** The limit of this sandbox is short: on a busy machine an ordinary build may need more than one try. */
async function buildsAgain(where: { readonly sandbox: Sandbox; readonly seen: string[] }): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if ((await build(where, { 'activities/a.ts': MAIN })).ok) return true;
  }
  return false;
}
