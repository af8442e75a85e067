// timeout: 60
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Broker } from '../../host/broker/index.ts';
import { ScriptRunner } from '../../host/runner.ts';
import { createSandbox, DEFAULT_LIMITS, type LogLine } from '../../sandbox/index.ts';
import { bundleOf, until } from '../sandbox/rig.ts';

const test = suite('more runs of a tenant than may wait in the sandbox');
const MAX_QUEUED = 2;
const sandbox = createSandbox({ spare: false, maxQueued: MAX_QUEUED });
const broker = new Broker([], { denied: () => undefined, failed: () => undefined });
const runner = new ScriptRunner(sandbox, broker);
const SHORT = bundleOf('async function main() { await new Promise((r) => setTimeout(r, 150)); return 1; }');
const LONG = bundleOf('async function main() { await new Promise((r) => setTimeout(r, 20_000)); }');
const GRANTS = {
  capabilities: new Set<never>(),
  http: { allow: [], privateRanges: [], secrets: new Map() },
  db: { tables: [], functions: [] },
  env: {},
};

test.before(() => sandbox.warm('a'));
test.after(async () => {
  await sandbox.close();
  await broker.close();
});

interface Given {
  readonly tenant?: string;
  readonly bundle?: typeof SHORT;
  readonly remainingMs?: number;
  readonly signal?: AbortSignal;
  readonly params?: unknown;
}

/** One run of a tenant that may have one at a time: how it ended, and what its log says. */
async function run({ tenant = 'a', bundle = SHORT, remainingMs = 30_000, signal, params = {} }: Given = {}) {
  const lines: LogLine[] = [];
  const outcome = await runner.run({
    tenant,
    run: { id: 'r', workflow: 'w', activity: 'a', attempt: 1, startedAt: '2026-01-01T00:00:00Z', deterministic: false },
    ...{ digest: 'd', bundle, params, grants: GRANTS, remainingMs },
    limits: { ...DEFAULT_LIMITS, concurrentRuns: 1 },
    signal: signal ?? new AbortController().signal,
    log: (line) => lines.push(line),
  });
  return { code: outcome.ok ? 'ok' : outcome.code, lines };
}

const queued = () => sandbox.stats().queued;

test('all end well, in order; those that had no place say which limit held them; other tenants are not held', async () => {
  const order: number[] = [];
  const runs = Array.from({ length: 8 }, async (_, number) => {
    const ended = await run();
    order.push(number);
    return ended;
  });
  await until(() => queued() === MAX_QUEUED);
  assert.is((await run({ tenant: 'b' })).code, 'ok');
  assert.ok(order.length < 8, 'the other tenant was not held until the end');
  const ended = await Promise.all(runs);
  assert.equal(new Set(ended.map(({ code }) => code)), new Set(['ok']));
  assert.equal(order, [0, 1, 2, 3, 4, 5, 6, 7]);
  const held = ended.map(({ lines }) => lines.filter(({ message }) => message.includes('maxQueued')));
  assert.equal(
    held.map(({ length }) => length),
    [0, 0, 0, 1, 1, 1, 1, 1],
  );
  assert.match(held[7]?.[0]?.message ?? '', /^waited \d+ ms for a place: maxQueued 2: as many runs of the tenant wait/);
  const data = held[7]?.[0]?.data as { waitedMs: number; limits: { maxQueued: number } };
  assert.ok(data.waitedMs >= 100 && data.limits.maxQueued >= 100, JSON.stringify(data));
});

test('one that is cancelled there ends with CANCELLED, and those behind it get their place', async () => {
  const controller = new AbortController();
  const before = Array.from({ length: 1 + MAX_QUEUED }, () => run());
  await until(() => queued() === MAX_QUEUED);
  const cancelled = run({ signal: controller.signal });
  const behind = [run(), run()];
  await sleep(120);
  controller.abort();
  const { code, lines } = await cancelled;
  assert.is(code, 'CANCELLED');
  assert.match(lines[0]?.message ?? '', /maxQueued/);
  for (const each of await Promise.all([...before, ...behind])) assert.is(each.code, 'ok');
});

test('one whose own time is up there ends with SCRIPT_WALL, as it would in the queue', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const before = Array.from({ length: 1 + MAX_QUEUED }, () => run({ bundle: LONG, signal }));
  await until(() => queued() === MAX_QUEUED);
  const { code, lines } = await run({ remainingMs: 400 });
  assert.is(code, 'SCRIPT_WALL');
  assert.match(lines[0]?.message ?? '', /maxQueued/);
  controller.abort();
  for (const each of await Promise.all(before)) assert.is(each.code, 'CANCELLED');
});

test('when all before it are cancelled at once it is the next', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const before = Array.from({ length: 40 }, () => run({ bundle: LONG, signal }));
  await until(() => queued() === MAX_QUEUED);
  const last = run();
  controller.abort();
  for (const each of await Promise.all(before)) assert.is(each.code, 'CANCELLED');
  assert.is((await last).code, 'ok');
  assert.is(queued(), 0);
});

test('params that do not fit are refused whatever the queue is', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const before = Array.from({ length: 1 + MAX_QUEUED }, () => run({ bundle: LONG, signal }));
  await until(() => queued() === MAX_QUEUED);
  assert.is((await run({ params: 'x'.repeat(DEFAULT_LIMITS.argBytes) })).code, 'PARAMS_TOO_LARGE');
  controller.abort();
  await Promise.all(before);
});

test.run();
