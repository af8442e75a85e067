/**
 * Cells that run an attacker's own program instead of ours, behind the same walls: what somebody has who broke out of the
 * isolate into its process. The host must hold without the isolate and without anything that our cell checks.
 */
import type { Sandbox, SandboxEvent } from '../../../sandbox/index.ts';
import { Job } from '../../../sandbox/job.ts';
import { Pool } from '../../../sandbox/pool.ts';
import { loadSources } from '../../../sandbox/source.ts';

/** Answers the host's frames. The attack is `attack(run, targets)`; what it returns is the run's output. */
const RUNTIME = `
  const bytes = (text) => { const body = Buffer.from(text), head = Buffer.alloc(4); head.writeUInt32BE(body.length); return Buffer.concat([head, body]); };
  const write = (chunk) => process.stdout.write(chunk) || new Promise((resolve) => process.stdout.once('drain', resolve));
  const send = (message) => write(bytes(JSON.stringify(message)));
  const heard = [], waits = new Map();
  let calls = 0, held = Buffer.alloc(0);
  const call = (id, method, args) => new Promise((resolve) => {
    waits.set(calls, resolve);
    send({ t: 'call', id, call: calls++, method, args });
  });
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const usage = { cpuMs: 0, wallMs: 0, calls: 0 };
  const handle = async (message) => {
    if (message.t === 'guest') return send({ t: 'ready' });
    if (message.t === 'answer') waits.get(message.call)?.(message.text);
    heard.push(message);
    if (message.t !== 'run') return;
    const output = JSON.stringify(await attack(message, JSON.parse(message.params)) ?? null);
    await send({ t: 'end', id: message.id, ended: { ok: true, output }, usage });
    await send({ t: 'gone', id: message.id });
  };
  process.stdin.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (let size; held.length >= 4 && held.length >= (size = held.readUInt32BE(0)) + 4; ) {
      const message = JSON.parse(held.subarray(4, size + 4).toString());
      held = held.subarray(size + 4);
      void handle(message);
    }
  });
  process.stdin.on('end', () => process.exit());`;

let loading: ReturnType<typeof loadSources> | null = null;

/** Opens a sandbox that runs nothing but `program`, JavaScript of Node's that defines `attack`. It cannot build. */
export async function openForged(program: string, log: (event: SandboxEvent) => void): Promise<Sandbox> {
  loading ??= loadSources();
  const sources = await loading;
  const options = {
    maxCells: 2,
    memoryMb: 4_096,
    maxQueued: 100,
    idleMs: 60_000,
    recycleRuns: 1_000,
    recycleMs: 60_000,
    spare: false,
    log,
  };
  const pool = new Pool({ ...sources, cell: `${RUNTIME}\n${program}` }, options);
  return {
    run: async (request) => {
      const job = new Job(request);
      pool.submit(job);
      return job.outcome;
    },
    build: () => Promise.reject(new Error('nothing is built here')),
    prepareBuilds: async () => undefined,
    warm: (cell) => pool.warm(cell),
    stats: () => pool.stats(),
    close: () => pool.close(),
  };
}
