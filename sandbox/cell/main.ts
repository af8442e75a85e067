import { encodeFrame, FrameReader, MAX_FRAME } from '../frames.ts';
import type { FromCell, ToCell } from '../message.ts';
import { ProcessCpu } from './meter.ts';
import { Pace } from './pace.ts';
import { type RunMessage, Session } from './session.ts';
import { Shelf } from './shelf.ts';
import { pinTimeZone, requireWalls } from './walls.ts';

/** Process side of a cell. Reads frames from standard input, writes frames to standard output, and ends with the pipe. */

const WATCH_MS = 50;
const PULSE_MS = 500;

requireWalls();
pinTimeZone();

const sessions = new Map<number, Session>();
const reader = new FrameReader(MAX_FRAME, Number.POSITIVE_INFINITY);
let shelf: Shelf | null = null;
let watch: NodeJS.Timeout | null = null;
const cpu = new ProcessCpu();
const pace = new Pace((heapMb) => shelf?.prepare(heapMb));
let pulsed = 0;

function send(message: FromCell): void {
  process.stdout.write(encodeFrame(message));
}

/** At once and for sure, also while a thread is stuck in native code. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL');
}

function handle(message: ToCell): void {
  switch (message.t) {
    case 'guest':
      shelf = new Shelf(message.prelude, message.sealed);
      return void send({ t: 'ready' });
    case 'run':
      return void run(message);
    case 'answer':
      return void sessions.get(message.id)?.answer(message.call, message.text);
    case 'cancel':
      return void sessions.get(message.id)?.cancel();
    case 'notice':
      return void sessions.get(message.id)?.notice(message.text);
    case 'forget':
      return void shelf?.forget(message.digest);
  }
}

function run(message: RunMessage): void {
  if (sessions.size === 0) pace.arrive();
  const code = shelf?.bundle(message.digest, message.code);
  if (!shelf || !code) return void leave();
  const session = new Session(message, shelf.takeIsolate(message.limits.heapMb), { shelf, send, gone });
  sessions.set(message.id, session);
  if (!watch) {
    cpu.take();
    watch = setInterval(look, WATCH_MS);
  }
  session.start(code);
}

function gone(session: Session): void {
  if (!sessions.delete(session.id)) return;
  send({ t: 'gone', id: session.id });
  if (sessions.size > 0) return;
  if (watch) clearInterval(watch);
  watch = null;
  pace.leave(session.heapMb);
}

function look(): void {
  const all = [...sessions.values()];
  const inside = all.filter((session) => session.isInside).length;
  const shareMs = cpu.take() / Math.max(1, inside);
  for (const session of all) session.watch(shareMs);
  if (performance.now() - pulsed < PULSE_MS) return;
  pulsed = performance.now();
  send({ t: 'pulse' });
}

process.stdin.on('data', (chunk: Buffer) => {
  try {
    for (const message of reader.push(chunk)) handle(message as ToCell);
  } catch {
    leave();
  }
});
process.stdin.on('end', leave);
process.stdin.on('error', leave);
process.stdout.on('error', leave);
