import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, isAlive, openRig, outputOf } from './rig.ts';

const test = suite('runs that only the end of a process ends');
const rig = openRig();
const limits = { cpuMs: 200, wallMs: 3_000 };

test.after(() => rig.sandbox.close());

const NATIVE_LOOP = 'async function main() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }';

test('a loop in native code is ended with its process, and a run beside it completes unharmed', async () => {
  let restarts = 0;
  // The one beside it ends only after it was started again: what ends sooner is let end.
  const { promise: ended, resolve: end } = Promise.withResolvers<null>();
  const innocent = rig.run('async function main() { await $cloister.call("fhir.read", {}); return "fine"; }', {
    limits: { wallMs: 20_000 },
    call: () => ended,
    onRestart: () => {
      restarts++;
      end(null);
    },
  });
  const guilty = await rig.run(NATIVE_LOOP, { limits });
  assert.is(codeOf(guilty), 'SCRIPT_CPU');
  assert.is(outputOf(await innocent), 'fine');
  assert.is(restarts, 1);
  assert.is(rig.sandbox.stats().kills, 1);
});

test('a huge bigint ends within the limits', async () => {
  const outcome = await rig.run('async function main() { return (1n << (1n << 27n)).toString().length; }', { limits });
  assert.ok(['SCRIPT_CPU', 'SCRIPT_MEMORY', 'SCRIPT_ERROR'].includes(codeOf(outcome)), codeOf(outcome));
});

test('a cell that is killed fails the one run in it with SCRIPT_KILLED, and the next run gets a new cell', async () => {
  const running = rig.run('async function main() { await $cloister.call("fhir.read", {}); }', {
    cell: 'tenant-b',
    call: () => {
      const pid = rig.sandbox.stats().cells.find((cell) => cell.cell === 'tenant-b')?.pid ?? 0;
      process.kill(pid, 'SIGKILL');
      return new Promise(() => undefined);
    },
  });
  assert.is(codeOf(await running), 'SCRIPT_KILLED');
  assert.is(outputOf(await rig.run('async function main() { return 2; }', { cell: 'tenant-b' })), 2);
});

test('when a cell with two runs dies and neither is known to be guilty, both are run again, each alone', async () => {
  const source = 'async function main(p) { await $cloister.call("fhir.read", p); return p.id; }';
  let open = 0;
  let together = 0;
  let killed = false;
  const start = (id: string) =>
    rig.run(source, {
      cell: 'tenant-c',
      params: JSON.stringify({ id }),
      onRestart: () => {
        open = 0;
      },
      call: async () => {
        open++;
        if (killed) together = Math.max(together, open);
        if (open === 2 && !killed) {
          killed = true;
          process.kill(rig.sandbox.stats().cells.find((cell) => cell.cell === 'tenant-c')?.pid ?? 0, 'SIGKILL');
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
        if (killed && open > 0) open--;
        return null;
      },
    });
  await rig.sandbox.warm('tenant-c');
  const [a, b] = await Promise.all([start('a'), start('b')]);
  assert.equal([outputOf(a), outputOf(b)], ['a', 'b']);
  assert.ok(killed);
  assert.is(together, 1);
});

test('close leaves no process behind', async () => {
  const own = openRig();
  await own.run('async function main() {}');
  const pids = own.sandbox.stats().cells.map((cell) => cell.pid);
  assert.is(pids.length, 1);
  const running = own.run('async function main() { for (;;); }', { cell: 'x' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await own.sandbox.close();
  assert.is(codeOf(await running), 'CANCELLED');
  assert.not.ok(pids.some(isAlive));
});

test.run();
