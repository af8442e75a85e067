import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, openRig, outputOf } from './rig.ts';

const test = suite('limits of a run');
const rig = openRig();
/** The processor is what ends these, however little of it the machine has left. */
const limits = { cpuMs: 200, wallMs: 6_000 };

test.after(() => rig.sandbox.close());

const SPINS = {
  'a loop': 'async function main() { for (;;); }',
  'a loop at the top level': 'for (;;); async function main() {}',
  'a getter of a thrown error':
    'async function main() { const e = new Error("x"); Object.defineProperty(e, "stack", { get() { for (;;); } }); throw e; }',
  'two getters of a thrown error':
    'async function main() { const e = new Error("x"); for (const k of ["name", "message"]) Object.defineProperty(e, k, { get() { for (;;); } }); throw e; }',
  'a getter of the result': 'async function main() { return { get a() { for (;;); } }; }',
  'a toJSON of an argument': 'async function main() { await $cloister.call("fhir.read", { toJSON() { for (;;); } }); }',
  'a microtask loop': 'async function main() { for (;;) await 0; }',
  'a regular expression': 'async function main() { return /^(a+)+$/.test("a".repeat(40) + "b"); }',
  'a loop after an awaited call': 'async function main() { await $cloister.call("fhir.read", {}); for (;;); }',
  'a loop in a timer': 'async function main() { setTimeout(() => { for (;;); }, 1); await new Promise(() => {}); }',
};

for (const [name, source] of Object.entries(SPINS)) {
  test(`${name} that spins ends with SCRIPT_CPU within its limit and a second`, async () => {
    const outcome = await rig.run(source, { limits });
    assert.is(codeOf(outcome), 'SCRIPT_CPU');
    assert.ok(outcome.usage.wallMs < limits.wallMs + 1_000);
  });
}

test('a wait longer than the wall limit ends with SCRIPT_WALL', async () => {
  const outcome = await rig.run('async function main() { await new Promise((r) => setTimeout(r, 60_000)); }', {
    limits: { wallMs: 300 },
  });
  assert.is(codeOf(outcome), 'SCRIPT_WALL');
});

test('a capability that does not answer ends with SCRIPT_WALL and is told to stop', async () => {
  let aborted = false;
  const outcome = await rig.run('async function main() { await $cloister.call("fhir.read", {}); }', {
    limits: { wallMs: 300 },
    call: (_method, _args, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve(null);
        });
      }),
  });
  assert.is(codeOf(outcome), 'SCRIPT_WALL');
  assert.ok(aborted);
});

test('a promise that nothing can settle ends with SCRIPT_WALL before the limit', async () => {
  const outcome = await rig.run('async function main() { await new Promise(() => {}); }');
  assert.is(codeOf(outcome), 'SCRIPT_WALL');
  assert.ok(outcome.usage.wallMs < 5_000);
});

test('waits for the host do not count as CPU time', async () => {
  const outcome = await rig.run('async function main() { await new Promise((r) => setTimeout(r, 400)); return 1; }', {
    limits: { cpuMs: 200 },
  });
  assert.is(outputOf(outcome), 1);
});

test('a cancelled run ends with CANCELLED and its call is told to stop', async () => {
  const controller = new AbortController();
  const told = Promise.withResolvers<void>();
  const running = rig.run('async function main() { await $cloister.call("fhir.read", {}); }', {
    signal: controller.signal,
    call: (_method, _args, signal) => {
      setTimeout(() => controller.abort(), 20);
      return new Promise(() => signal.addEventListener('abort', () => told.resolve()));
    },
  });
  assert.is(codeOf(await running), 'CANCELLED');
  await told.promise;
});

test('a spinning run can be cancelled', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 100);
  const outcome = await rig.run('async function main() { for (;;); }', { signal: controller.signal });
  assert.is(codeOf(outcome), 'CANCELLED');
});

test('none of this cost a process', () => {
  assert.is(rig.sandbox.stats().kills, 0);
});

test.run();
