/** One QuickJS for one run, inside the workflow VM: text in, text out, and a budget for everything that happens in it. */
import { Intrinsics, JSException, type JSValueHandle, QuickJS, type Snapshot } from 'quickjs-wasi';
import { FUEL_PER_STEP, GUARD_BYTES, TOO_DEEP } from './meter/limits.ts';
import type { EngineParts } from './prelude.ts';

/** Why the engine ended a run. */
export type EngineFault =
  | { readonly code: 'GUEST_STEPS_EXCEEDED'; readonly message: string }
  | { readonly code: 'GUEST_MEMORY_EXCEEDED'; readonly message: string }
  | { readonly code: 'WORKFLOW_CODE_ERROR'; readonly message: string; readonly stack?: string };

/** Thrown by every method once the run cannot go on; the engine is of no use afterwards. */
export class EngineEnded extends Error {
  readonly fault: EngineFault;

  constructor(fault: EngineFault) {
    super(fault.message);
    this.name = 'EngineEnded';
    this.fault = fault;
  }
}

/** What a run may take. */
export interface EngineLimits {
  /** Interrupts of the engine for each job that is delivered, of some 5,000 turns of a loop each. */
  readonly steps: number;
  readonly memoryMb: number;
}

/** File name of guest code in stacks. */
export const GUEST_FILE = 'guest.js';

const MIB = 2 ** 20;
/** Enough to load the SDK. */
const START_FUEL = 5_000_000_000n;
/** A replay may collect garbage at other places, and takes a little more or less for it: it must not fail where the run did not. */
const REPLAY_SHARE = 2;
/** Left out: what tells real time, and what tells of garbage collection. */
const INTRINSICS = 0x1fff & ~(Intrinsics.PERFORMANCE | Intrinsics.WEAK_REF);

type Entry = 'load' | 'deliver' | 'unblock' | 'collect' | 'note';

const parts = (): EngineParts => (globalThis as unknown as { __cloister_engine: EngineParts }).__cloister_engine;

/** A constant clock and constant chance: guests get both from the SDK. */
const wasi = (memory: { readonly buffer: ArrayBuffer }) => ({
  clock_time_get: (_clock: number, _precision: bigint, at: number): number => {
    new DataView(memory.buffer).setBigUint64(at, 0n, true);
    return 0;
  },
  random_get: (at: number, length: number): number => {
    new Uint8Array(memory.buffer, at, length).fill(7);
    return 0;
  },
  fd_write: (): number => 0,
});

/** One engine. */
export class Engine {
  readonly #vm: QuickJS;
  readonly #memory: WebAssembly.Memory | undefined;
  readonly #fuel: { value: bigint };
  readonly #limits: EngineLimits;
  readonly #entries: ReadonlyMap<Entry, JSValueHandle>;
  /** Reasons of rejected promises that nothing has taken up, by promise. */
  readonly #rejected: Map<number, JSValueHandle>;
  readonly #count: { steps: number; budget: number };
  #isWhole = true;

  private constructor(
    vm: QuickJS,
    fuel: { value: bigint },
    limits: EngineLimits,
    count: { steps: number; budget: number },
    rejected: Map<number, JSValueHandle>,
  ) {
    this.#vm = vm;
    this.#memory = parts().instance()?.exports.memory as WebAssembly.Memory | undefined;
    this.#fuel = fuel;
    this.#limits = limits;
    this.#count = count;
    this.#rejected = rejected;
    const guest = vm.global.getProp('$guest');
    const names = ['load', 'deliver', 'unblock', 'collect', 'note'] as const;
    this.#entries = new Map(names.map((name) => [name, guest.getProp(name)]));
    guest.dispose();
    vm.evalCode('delete globalThis.$guest').dispose();
  }

  /** Makes one out of the thread's snapshot. Resolves within the microtasks of the run. */
  static async open(limits: EngineLimits): Promise<Engine> {
    const snapshot = (parts().kept() as Snapshot | undefined) ?? (await takeSnapshot());
    const count = { steps: 0, budget: limits.steps };
    const rejected = new Map<number, JSValueHandle>();
    const vm = await QuickJS.restore(snapshot, {
      wasm: parts().module(),
      wasi,
      memoryLimit: limits.memoryMb * MIB,
      maxStackSize: GUARD_BYTES,
      timezoneOffset: 0,
      interruptHandler: () => ++count.steps > count.budget,
      onUnhandledRejection: (promise: JSValueHandle, reason: JSValueHandle, isHandled: boolean) => {
        rejected.get(promise.identity)?.dispose();
        if (isHandled) rejected.delete(promise.identity);
        else rejected.set(promise.identity, reason.dup());
      },
    });
    return new Engine(vm, fuelOf(parts().instance()), limits, count, rejected);
  }

  /** Evaluates the guest's code and its top level. */
  load(code: string, start: string, isReplaying: boolean): void {
    this.#refill(1, isReplaying);
    this.#guarded(() => {
      const made = this.#vm.evalCode(code, GUEST_FILE);
      const text = this.#vm.newString(start);
      this.#vm.callFunction(this.#entry('load'), this.#vm.undefined, made, text).dispose();
      text.dispose();
      made.dispose();
    });
    this.#settle();
  }

  /** Delivers a batch of jobs and runs on until nothing moves any more. */
  deliver(text: string, jobs: number, isReplaying: boolean): void {
    this.#refill(jobs, isReplaying);
    this.#guarded(() => {
      const handed = this.#vm.newString(text);
      this.#vm.callFunction(this.#entry('deliver'), this.#vm.undefined, handed).dispose();
      // Or the guest would keep every text that it was ever handed.
      handed.dispose();
    });
    this.#settle();
  }

  /** Text of what has come out since the last time. */
  collect(): string {
    this.#refill(1, true);
    return this.#guarded(() => {
      const out = this.#vm.callFunction(this.#entry('collect'), this.#vm.undefined);
      if (!out.isString) throw new TypeError('the guest broke its own answer');
      const text = out.toString();
      out.dispose();
      return text;
    });
  }

  /** False after a trap: the engine was in the middle of something, and answers nobody any more. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Gives the memory back. */
  dispose(): void {
    // V8 does not count memory of WebAssembly, and would let dead engines lie until there are gigabytes of them. This it counts; it takes no memory.
    new ArrayBuffer(this.#memory?.buffer.byteLength ?? 0);
    try {
      this.#vm.dispose();
    } catch {
      // An engine that was stopped in the middle of something cannot be taken down tidily; its memory goes as a whole.
    }
  }

  #entry(name: Entry): JSValueHandle {
    return this.#entries.get(name) as JSValueHandle;
  }

  #refill(jobs: number, isReplaying: boolean): void {
    const times = Math.max(1, jobs) * (isReplaying ? REPLAY_SHARE : 1);
    this.#count.steps = 0;
    this.#count.budget = this.#limits.steps * times;
    this.#fuel.value = FUEL_PER_STEP * BigInt(this.#limits.steps * times);
  }

  /** Reactions of promises, then conditions, until both rest; then what nobody has caught. */
  #settle(): void {
    this.#guarded(() => {
      for (;;) {
        this.#vm.executePendingJobs();
        const moved = this.#vm.callFunction(this.#entry('unblock'), this.#vm.undefined);
        if (!moved.toBoolean()) break;
      }
      this.#vm.executePendingJobs();
      for (const reason of this.#rejected.values()) {
        this.#vm.callFunction(this.#entry('note'), this.#vm.undefined, reason).dispose();
        reason.dispose();
      }
      this.#rejected.clear();
    });
  }

  #guarded<Result>(perform: () => Result): Result {
    let result: Result;
    try {
      result = perform();
    } catch (error) {
      if (!(error instanceof JSException) && this.#count.steps <= this.#count.budget) this.#isWhole = false;
      throw new EngineEnded(this.#faultOf(error));
    }
    if (this.#count.steps > this.#count.budget) throw new EngineEnded(this.#spent());
    return result;
  }

  #faultOf(error: unknown): EngineFault {
    const { name = 'Error', message = '', stack = '' } = error as Partial<Error>;
    if (this.#fuel.value === TOO_DEEP) {
      return { code: 'WORKFLOW_CODE_ERROR', message: 'RangeError: the code calls itself too deep' };
    }
    if (this.#fuel.value < 0n || this.#count.steps > this.#count.budget) return this.#spent();
    if (error instanceof WebAssembly.RuntimeError) {
      return { code: 'WORKFLOW_CODE_ERROR', message: 'the code broke its engine' };
    }
    // An engine that has no memory even for its error says it in these words.
    if (/out of memory|Job execution error: null|Invalid error message/.test(message)) {
      return outOfMemory(this.#limits.memoryMb);
    }
    return { code: 'WORKFLOW_CODE_ERROR', message: `${name}: ${message}`, stack };
  }

  #spent(): EngineFault {
    const { steps } = this.#limits;
    return {
      code: 'GUEST_STEPS_EXCEEDED',
      message: `found more than ${steps} steps without waiting, expected the code to yield`,
    };
  }
}

/** The fault of a guest that has no memory left. */
export function outOfMemory(memoryMb: number): EngineFault {
  return { code: 'GUEST_MEMORY_EXCEEDED', message: `found a heap above ${memoryMb} MB, expected less` };
}

/** An engine with the SDK loaded, as it is before any guest's code: the same in every thread and on every host. */
async function takeSnapshot(): Promise<Snapshot> {
  const vm = await QuickJS.create({ wasm: parts().module(), wasi, intrinsics: INTRINSICS, timezoneOffset: 0 });
  fuelOf(parts().instance()).value = START_FUEL;
  vm.evalCode(parts().inner, 'sdk.js').dispose();
  vm.executePendingJobs();
  const snapshot = vm.snapshot();
  vm.dispose();
  parts().keep(snapshot);
  return snapshot;
}

function fuelOf(instance: WebAssembly.Instance | undefined): { value: bigint } {
  return instance?.exports.fuel as { value: bigint };
}
