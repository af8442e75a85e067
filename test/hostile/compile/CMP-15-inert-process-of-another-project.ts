// Work of several tenants in one process is what others had to take apart later: n8n-io/n8n#28062.
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { createSandbox } from '../../../sandbox/index.ts';
import { descendants } from '../../durability/processes.ts';
import type { Attack } from '../harness/attack.ts';
import { buildEach, MAIN } from './parts/build.ts';

export const attack: Attack = {
  claim: 'a process that has built something of one project never builds for another',
  act: async ({ seen }) => {
    const others = builders();
    const sandbox = createSandbox({ spare: false });
    try {
      const alive: (readonly number[])[] = [];
      for (const project of ['a', 'b', 'c']) {
        await buildEach({ sandbox, seen }, [`${MAIN}// ${project}`, `${MAIN}console.log('${project}');`]);
        alive.push(builders().filter((pid) => !others.includes(pid)));
      }
      // What was ready ahead during the first project serves the second, and is gone in the third.
      const [first = [], , third = []] = alive;
      assert.ok(first.length > 0 && third.length > 0);
      assert.equal(
        first.filter((pid) => third.includes(pid)),
        [],
      );
    } finally {
      await sandbox.close();
    }
  },
};

/** Processes of builds that are there now. */
function builders(): readonly number[] {
  return descendants(process.pid).flatMap(({ pid }) => (commandOf(pid).includes('esbuild-wasm') ? [pid] : []));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
