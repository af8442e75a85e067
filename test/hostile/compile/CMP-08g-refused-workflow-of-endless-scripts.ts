import * as assert from 'uvu/assert';
import { compileWorkflow } from '../../../registry/index.ts';
import { createSandbox } from '../../../sandbox/index.ts';
import type { Attack } from '../harness/attack.ts';
import { inFolder, openIn, SCRIPT, workflow } from '../yaml/parts/project.ts';

const COUNT = 200;
const BUILD_MS = 2_000;

/** Each of these takes all the time that a build may have: 200 of them would take minutes, and again at the next start. */
export const attack: Attack = {
  claim:
    'a workflow of many scripts that each use up their build is given up after a few, and at once when asked again',
  act: async (world) => {
    const names = Array.from({ length: COUNT }, (_, n) => `s${n}`);
    const activities = names.map((name) => `- { id: ${name}, script: ./activities/${name}.ts }\n`).join('');
    const endless = `${SCRIPT}const enum E { A = '${'x'.repeat(1e5)}' }\nexport const x = [${'E.A,'.repeat(1e5)}];`;
    const files = Object.fromEntries(names.slice(0, 8).map((name) => [`activities/${name}.ts`, endless]));
    const short = Object.fromEntries(names.slice(8).map((name) => [`activities/${name}.ts`, SCRIPT]));
    const sandbox = createSandbox({ spare: false, buildMs: BUILD_MS });
    const build = sandbox.build.bind(sandbox);
    await inFolder({ 'workflows/w.yaml': workflow('w', names.join(), activities), ...files, ...short }, async (dir) => {
      const first = await timed(async () => compileWorkflow(await openIn(world, dir, { build }), 'w'));
      assert.ok(first.value.problems.some(({ found }) => /3 other scripts whose builds were ended/.test(found)));
      const again = await timed(async () => compileWorkflow(await openIn(world, dir, { build }), 'w'));
      assert.ok(again.value.plan, 'the scripts fail when they are reached, and nothing else does');
      assert.ok(again.ms < first.ms / 2, `${again.ms} ms after ${first.ms} ms`);
    }).finally(() => sandbox.close());
  },
};

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const began = performance.now();
  return { value: await work(), ms: performance.now() - began };
}
