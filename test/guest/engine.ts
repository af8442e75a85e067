import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { QuickJS, type QuickJSOptions } from 'quickjs-wasi';
import { GUARD_BYTES } from '../../host/temporal/guest/meter/limits.ts';

/** The binary of the engine, as its authors ship it. */
export const shipped = new Uint8Array(readFileSync(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm'))));

/** Memory that tests give an engine, in bytes. */
const MEMORY = 32 * 1024 * 1024;

/** A clock that stands and a seed that is always the same: nothing of the host's world reaches the engine. */
const still: NonNullable<QuickJSOptions['wasi']> = (memory) => ({
  clock_time_get(_clock: number, _precision: bigint, at: number) {
    new DataView(memory.buffer).setBigUint64(at, 1_700_000_000_000_000_000n, true);
    return 0;
  },
  random_get(at: number, length: number) {
    new Uint8Array(memory.buffer, at, length).fill(7);
    return 0;
  },
});

/** What every engine of the tests is made with. */
export function settings(wasm: WebAssembly.Module): QuickJSOptions {
  return { wasm, memoryLimit: MEMORY, maxStackSize: GUARD_BYTES, timezoneOffset: 0, wasi: still };
}

/** An engine of its own, started. */
export function startEngine(wasm: WebAssembly.Module): Promise<QuickJS> {
  return QuickJS.create(settings(wasm));
}

/** The fuel of an engine; null when its binary is not metered. */
export function fuelOf(engine: QuickJS): WebAssembly.Global<bigint> | null {
  const exports = Reflect.get(engine, 'exports') as { fuel?: WebAssembly.Global<bigint> };
  return exports.fuel ?? null;
}
