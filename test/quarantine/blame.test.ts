// timeout: 90
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Grants } from '../../host/broker/capability.ts';
import { Broker } from '../../host/broker/index.ts';
import { Deaths } from '../../host/deaths.ts';
import { type ScriptOutcome, ScriptRunner } from '../../host/runner.ts';
import { createSandbox, DEFAULT_LIMITS, type Limits } from '../../sandbox/index.ts';
import { bundleOf } from '../sandbox/rig.ts';

const test = suite('who is blamed for the end of a cell');
const deaths = new Deaths();
const sandbox = createSandbox({ spare: false, log: (event) => deaths.note(event) });
const broker = new Broker([], { denied: () => undefined, failed: () => undefined });
const runner = new ScriptRunner(sandbox, broker, deaths);

test.after(async () => {
  await sandbox.close();
  await broker.close();
});

const NOTHING: Grants = {
  capabilities: new Set(),
  http: { allow: [], privateRanges: [], secrets: new Map() },
  db: { tables: [], functions: [] },
  env: {},
};

interface Ended {
  readonly outcome: ScriptOutcome;
  /** Codes it was blamed with before its outcome was told, and in all. */
  readonly blamed: { readonly before: readonly string[]; readonly all: readonly string[] };
}

interface Run {
  readonly tenant: string;
  readonly id?: string;
  readonly activity?: string;
  readonly limits?: Partial<Limits>;
  /** Called when it logs. */
  readonly begun?: () => void;
}

async function run(source: string, { tenant, id = randomUUID(), activity = 'a', limits, begun }: Run): Promise<Ended> {
  const all: string[] = [];
  const outcome = await runner.run({
    tenant,
    run: { id, workflow: 'w', activity, attempt: 1, startedAt: new Date().toISOString(), deterministic: false },
    digest: 'd',
    bundle: bundleOf(source),
    params: {},
    grants: NOTHING,
    limits: { ...DEFAULT_LIMITS, ...limits },
    remainingMs: 30_000,
    signal: new AbortController().signal,
    log: () => begun?.(),
    onKill: (code) => all.push(code),
  });
  return { outcome, blamed: { before: [...all], all } };
}

/** Process of a cell. */
function pidOf(cell: string): number {
  const pid = sandbox.stats().cells.find((each) => each.cell === cell)?.pid ?? 0;
  // 0 would be this process and all beside it.
  if (pid > 1) return pid;
  throw new Error(`no cell ${cell}`);
}

const codeOf = ({ outcome }: Ended): string => (outcome.ok ? 'ok' : outcome.code);
const INNOCENT = 'async function main() { await new Promise((r) => setTimeout(r, 2_500)); return "fine"; }';
const NATIVE_LOOP = 'async function main() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }';
const NATIVE_MEMORY =
  'async function main() { const a = []; for (let i = 0; i < 60; i++) { a.push(new Uint8Array(1e6).fill(i)); await new Promise((r) => setTimeout(r, 5)); } await new Promise((r) => setTimeout(r, 5_000)); }';

test('a script whose cell dies under it is, before its failure is told', async () => {
  const begun = Promise.withResolvers<void>();
  const source = 'async function main() { console.log("begun"); await new Promise((r) => setTimeout(r, 60_000)); }';
  const ended = run(source, { tenant: 'dies', begun: begun.resolve });
  await begun.promise;
  process.kill(pidOf('dies'), 'SIGKILL');
  assert.is(codeOf(await ended), 'SCRIPT_KILLED');
  assert.equal((await ended).blamed.before, ['SCRIPT_KILLED']);
});

test('a script that loops in native code is, once, and the run beside it is not', async () => {
  const innocent = run(INNOCENT, { tenant: 'loops', limits: { wallMs: 20_000 } });
  const guilty = await run(NATIVE_LOOP, { tenant: 'loops', limits: { cpuMs: 200, wallMs: 15_000 } });
  assert.is(codeOf(guilty), 'SCRIPT_CPU');
  assert.is(codeOf(await innocent), 'ok');
  await sleep(1_500);
  assert.equal(guilty.blamed.all, ['SCRIPT_CPU'], 'its cell had to be killed after its outcome was known');
  assert.equal((await innocent).blamed.all, []);
});

test('a script that takes native memory is, and the run beside it is not', async () => {
  const limits = { heapMb: 64, rssMb: 140, cpuMs: 5_000, wallMs: 20_000 };
  const innocent = run(INNOCENT, { tenant: 'hogs', limits: { ...limits, heapMb: 32 } });
  const guilty = await run(NATIVE_MEMORY, { tenant: 'hogs', limits });
  assert.is(codeOf(guilty), 'SCRIPT_MEMORY');
  assert.equal(guilty.blamed.before, ['SCRIPT_MEMORY']);
  assert.is(codeOf(await innocent), 'ok');
  assert.equal((await innocent).blamed.all, []);
});

test('of two activities of one run the one that failed is', async () => {
  const id = randomUUID();
  const innocent = run(INNOCENT, { tenant: 'twins', id, activity: 'b', limits: { wallMs: 20_000 } });
  const guilty = await run(NATIVE_LOOP, { tenant: 'twins', id, limits: { cpuMs: 200, wallMs: 15_000 } });
  await innocent;
  await sleep(1_500);
  assert.equal([guilty.blamed.all, (await innocent).blamed.all], [['SCRIPT_CPU'], []]);
});

test('one that fails by itself while another of its run is being ended is not', async () => {
  const id = randomUUID();
  const source = 'async function main() { await new Promise((r) => setTimeout(r, 700)); throw new Error("no"); }';
  const failing = run(source, { tenant: 'siblings', id, activity: 'b' });
  const guilty = await run(NATIVE_LOOP, { tenant: 'siblings', id, limits: { cpuMs: 200, wallMs: 15_000 } });
  const innocent = await failing;
  assert.is(codeOf(innocent), 'SCRIPT_ERROR');
  await sleep(1_500);
  assert.equal([guilty.blamed.all, innocent.blamed.all], [['SCRIPT_CPU'], []]);
});

const CLEAN: readonly (readonly [what: string, source: string, code: string])[] = [
  ['an endless loop', 'async function main() { for (;;); }', 'SCRIPT_CPU'],
  ['a loop after an await', 'async function main() { await 0; for (;;); }', 'SCRIPT_CPU'],
  ['a promise that never settles', 'async function main() { await new Promise(() => 0); }', 'SCRIPT_WALL'],
  ['an error', 'async function main() { throw new Error("no"); }', 'SCRIPT_ERROR'],
  ['a result that is no JSON', 'async function main() { return () => 1; }', 'RESULT_NOT_JSON'],
];

for (const [what, source, code] of CLEAN) {
  test(`${what} ends the run and not the cell: nobody is`, async () => {
    const ended = await run(source, { tenant: 'clean', limits: { cpuMs: 200, wallMs: 2_000 } });
    assert.is(codeOf(ended), code);
    await sleep(1_300);
    assert.equal(ended.blamed.all, []);
  });
}

test('nobody is when the sandbox is closed under a run', async () => {
  const own = createSandbox({ spare: false, log: (event) => deaths.note(event) });
  const blamed: string[] = [];
  const ended = new ScriptRunner(own, broker, deaths).run({
    tenant: 'closed',
    run: { id: 'r', workflow: 'w', activity: 'a', attempt: 1, startedAt: '2026-01-01T00:00:00Z', deterministic: false },
    digest: 'd',
    bundle: bundleOf('async function main() { await new Promise((r) => setTimeout(r, 60_000)); }'),
    params: {},
    grants: NOTHING,
    limits: DEFAULT_LIMITS,
    remainingMs: 30_000,
    signal: new AbortController().signal,
    log: () => undefined,
    onKill: (code) => blamed.push(code),
  });
  await sleep(300);
  await own.close();
  await ended.catch(() => undefined);
  await sleep(100);
  assert.equal(blamed, []);
});

test.run();
