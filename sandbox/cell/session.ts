import { setImmediate as turn } from 'node:timers/promises';
import { deeperThan, moreValuesThan } from '../depth.ts';
import { BEAT_MS, MAX_DEPTH, MAX_VALUES, MESSAGE_CHARS, THROWN_CHARS } from '../limits.ts';
import type { CellRing, Ended, FromCell, ToCell } from '../message.ts';

import { Budget } from './budget.ts';
import { evaluateSealed } from './evaluate.ts';
import type { Code, EntryFault, Isolate, Outlet } from './isolate.ts';
import { Meter } from './meter.ts';
import { Order } from './order.ts';
import { seedOf, seedOfCall } from './seed.ts';
import type { Shelf } from './shelf.ts';
import { parsed, readThrown } from './text.ts';

/** What the host asks a cell to run. */
export type RunMessage = Extract<ToCell, { t: 'run' }>;

/** Watch ticks without anything under way after which a run can never end. */
const QUIET_TICKS = 3;

/** What a session needs of its cell. */
export interface SessionHost {
  readonly shelf: Shelf;
  send(message: FromCell): void;
  /** The isolate's thread is out of it. */
  gone(session: Session): void;
}

/** One run in the cell: its isolate, its timers, its open calls, and the watch over its limits. */
export class Session {
  readonly id: number;
  readonly #message: RunMessage;
  readonly #host: SessionHost;
  readonly #isolate: Isolate;
  readonly #meter: Meter;
  readonly #budget: Budget;
  readonly #seed: string;
  /** What stops each timer. */
  readonly #timers = new Map<number, () => void>();
  readonly #open = new Set<number>();
  readonly #order: Order;
  /** Isolates of evaluated texts; one that cannot be stopped stays here. */
  readonly #sealed = new Set<Isolate>();
  readonly #sealedMeter = new Meter(() => this.#sealedCpuMs());
  #calls = 0;
  #entries = 0;
  /** CPU time of the evaluated texts that are over. */
  #sealedMs = 0;
  #code: Code | null = null;
  #quiet = 0;
  /** The script waits for its cancellation, which may be all that it waits for. */
  #listens = false;
  #ended = false;

  constructor(message: RunMessage, isolate: Isolate, host: SessionHost) {
    this.id = message.id;
    this.#message = message;
    this.#host = host;
    this.#isolate = isolate;
    this.#seed = seedOf(message.run);
    this.#order = new Order(message.run.deterministic);
    this.#meter = new Meter(() => isolate.cpuMs);
    this.#budget = new Budget(message.limits, () => this.#meter.cpuMs + this.#sealedMeter.countedMs);
    isolate.onCatastrophe = (text) =>
      host.send({ t: 'catastrophe', id: this.id, message: text.slice(0, MESSAGE_CHARS) });
  }

  get heapMb(): number {
    return this.#isolate.heapMb;
  }

  /** Starts the script. */
  start(code: Code): void {
    this.#code = code;
    const { entry, run, env, limits, params, activity } = this.#message;
    const settings = JSON.stringify({ entry, run, env, limits, seed: this.#seed, activity });
    const outlet: Outlet = (kind, id, a, b) => this.#take(kind, id, a, b);
    this.#enter(this.#isolate.enterStart(code, { settings, params }, outlet, () => this.#budget.entryMs()));
  }

  /** Hands the answer of a call to the script. */
  answer(call: number, text: string): void {
    if (!this.#open.has(call)) return;
    for (const [due, answer] of this.#order.take(call, text)) {
      this.#open.delete(due);
      this.#deliver('answer', due, answer);
    }
  }

  cancel(): void {
    this.#fail('CANCELLED', 'the run was cancelled');
  }

  /** Tells the script of an activity that it is cancelled. */
  notice(text: string): void {
    this.#listens = false;
    this.#deliver('cancel', 0, text);
  }

  /** Whether a thread is in its isolate. */
  get isInside(): boolean {
    return this.#entries > 0;
  }

  /** Ring two: called every 50 ms, with the CPU time that one thread of the process can have had since. */
  watch(shareMs: number): void {
    if (this.#ended) return;
    this.#meter.look(shareMs);
    this.#sealedMeter.look(shareMs);
    const spent = this.#budget.spent();
    if (spent) return void this.#fail(spent, this.#budget.text(spent), 'watch');
    if (this.#isolate.isDisposed) return void this.#fault('memory');
    const isQuiet = this.#entries === 0 && this.#open.size === 0 && this.#timers.size === 0 && !this.#listens;
    this.#quiet = isQuiet ? this.#quiet + 1 : 0;
    if (this.#quiet < QUIET_TICKS) return;
    this.#fail('SCRIPT_WALL', 'the promise of the script can never settle: no call and no timer is open', 'watch');
  }

  #enter(entry: Promise<EntryFault | null>): void {
    this.#entries++;
    void entry.then((fault) => {
      this.#entries--;
      if (fault !== null) this.#fault(fault);
      this.#reportGone();
    });
  }

  #deliver(kind: string, id: number, text: string): void {
    if (this.#ended) return;
    this.#enter(this.#isolate.enterDeliver(kind, id, text, this.#budget.entryMs()));
  }

  /** One message of the script's realm. */
  #take(kind: string, id: number, a: string, b: string): void {
    if (this.#ended) return;
    switch (kind) {
      case 'call':
        return void this.#call(id, a, b);
      case 'log':
        return void this.#log(a, b);
      case 'timer':
        return void this.#arm(id, Number(a));
      case 'untimer':
        this.#timers.get(id)?.();
        this.#timers.delete(id);
        return;
      case 'beat':
        return void this.#beat(a);
      case 'listen':
        this.#listens = true;
        return;
      case 'done':
        return void this.#done(a);
      case 'unfit':
        return void this.#unfit(a, b);
      case 'missing':
        return void this.#fail(
          'MAIN_MISSING',
          `expected an exported function "${this.#message.entry}", found: ${a || 'no exports'}`,
        );
      default:
        return void this.#thrown(a, b);
    }
  }

  #call(id: number, method: string, args: string): void {
    this.#calls++;
    this.#open.add(id);
    if (method === 'evaluate') void this.#evaluate(id, args);
    else this.#host.send({ t: 'call', id: this.id, call: id, method, args });
  }

  async #evaluate(id: number, args: string): Promise<void> {
    const left = this.#message.limits.cpuMs - this.#budget.cpuMs;
    let sealed: Isolate | undefined;
    let answer = JSON.stringify({ err: { code: 'INVALID', message: 'the text could not be evaluated' } });
    // It counts as being inside the run: a thread that cannot be stopped must not outlive it unseen.
    this.#entries++;
    try {
      const seed = this.#message.run.deterministic ? seedOfCall(this.#seed, id) : null;
      answer = await evaluateSealed(this.#host.shelf, { args, seed }, left, (isolate) => {
        sealed = isolate;
        this.#sealed.add(isolate);
      });
    } catch {
      // Its own isolate could not be made.
    }
    if (sealed) this.#charge(sealed);
    this.answer(id, answer);
    this.#entries--;
    this.#reportGone();
  }

  #charge(sealed: Isolate): void {
    this.#sealed.delete(sealed);
    this.#sealedMs += sealed.cpuMs;
  }

  #sealedCpuMs(): number {
    let ms = this.#sealedMs;
    for (const isolate of this.#sealed) ms += isolate.cpuMs;
    return ms;
  }

  #log(level: string, line: string): void {
    if (level !== 'debug' && level !== 'info' && level !== 'warn' && level !== 'error') return;
    const [message, data]: unknown[] = deeperThan(line, MAX_DEPTH) ? ['(a line nested too deep)'] : JSON.parse(line);
    const tail = data === undefined ? {} : { data: JSON.stringify(data) };
    this.#host.send({ t: 'log', id: this.id, level, message: String(message), ...tail });
  }

  #arm(id: number, delay: number): void {
    const fire = (): void => {
      this.#timers.delete(id);
      this.#deliver('timer', id, '');
    };
    if (delay > 0) {
      const timer = setTimeout(fire, delay);
      this.#timers.set(id, () => clearTimeout(timer));
    } else {
      const timer = setImmediate(fire);
      this.#timers.set(id, () => clearImmediate(timer));
    }
  }

  /** The next heartbeat may come after a while; until then the script's realm keeps the newest. */
  #beat(details: string): void {
    this.#host.send({ t: 'beat', id: this.id, details });
    setTimeout(() => this.#deliver('beat', 0, ''), BEAT_MS);
  }

  #done(output: string): void {
    const size = Buffer.byteLength(output);
    const max = this.#message.limits.resultBytes;
    if (size > max) return void this.#unfit('TOO_LARGE', `${size} bytes, at most ${max}`);
    if (deeperThan(output, MAX_DEPTH)) return void this.#unfit('TOO_DEEP', `at most ${MAX_DEPTH} levels`);
    if (moreValuesThan(output, MAX_VALUES)) return void this.#unfit('TOO_LARGE', `more than ${MAX_VALUES} values`);
    if (parsed(output) === undefined) return void this.#unfit('NOT_JSON', 'the script broke its own result');
    this.#end({ ok: true, output });
  }

  #unfit(fault: string, why: string): void {
    if (fault === 'TOO_LARGE') return void this.#fail('RESULT_TOO_LARGE', `the result is too large: ${why}`);
    if (fault === 'TOO_DEEP') return void this.#fail('TOO_DEEP', `the result is nested too deep: ${why}`);
    this.#fail('RESULT_NOT_JSON', `the result is not JSON: ${why}`);
  }

  #thrown(text: string, fields: string): void {
    const thrown = readThrown(text);
    if (!thrown) return void this.#fail('SCRIPT_ERROR', 'the script broke its own error');
    this.#end({ ok: false, ...thrown, ...(fields !== '' && fields.length <= THROWN_CHARS && { thrown: fields }) });
  }

  #fault(fault: EntryFault): void {
    if (this.#ended) return;
    const { heapMb } = this.#message.limits;
    if (fault === 'memory' || (fault === 'disposed' && this.#isolate.isDisposed)) {
      return void this.#fail('SCRIPT_MEMORY', `the script used more than ${heapMb} MiB of memory`, 'heap');
    }
    if (fault === 'error') {
      return void this.#fail(
        'SCRIPT_ERROR',
        'nobody handled an error of the script: a promise without await or catch?',
      );
    }
    const code = this.#budget.spent() ?? 'SCRIPT_CPU';
    this.#fail(code, this.#budget.text(code), 'timeout');
  }

  #fail(code: Extract<Ended, { ok: false }>['code'], message: string, ring?: CellRing): void {
    this.#end({ ok: false, code, message: message.slice(0, MESSAGE_CHARS), ...(ring && { ring }) });
  }

  #end(ended: Ended): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
    const usage = { cpuMs: this.#budget.cpuMs, wallMs: this.#budget.wallMs, calls: this.#calls };
    this.#host.send({ t: 'end', id: this.id, ended, usage });
    if (ended.ok && this.#code?.cache.isWarm === false) void this.#learn(this.#code);
    else this.#free();
  }

  /** Keeps what V8 compiled for the first run of a bundle, if that is over indeed: one that goes on is ended at once. */
  async #learn(code: Code): Promise<void> {
    this.#entries++;
    await turn();
    if (this.#entries === 1) await this.#isolate.learn(code);
    this.#entries--;
    this.#free();
  }

  #free(): void {
    this.#isolate.dispose();
    for (const sealed of this.#sealed) sealed.dispose();
    this.#reportGone();
  }

  #reportGone(): void {
    if (this.#ended && this.#entries === 0) this.#host.gone(this);
  }
}
