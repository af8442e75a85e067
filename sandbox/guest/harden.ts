import { construct, defineProperty, deleteProperty, PlainTypeError } from './primordials.ts';
import { standIn } from './stand-in.ts';

/**
 * Takes away at the root what a script must not have: code that V8's heap limit does not see (WebAssembly, shared and
 * resizable buffers), code that runs after the result is out (finalizers), and the clock that counts nanoseconds (`Temporal`;
 * unread, because V8 makes it when it is read). Runs before any line of the script. The cap on the process is the control; this
 * keeps it from being needed.
 */
export function harden(): void {
  for (const name of ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'FinalizationRegistry', 'Temporal', 'console']) {
    deleteProperty(globalThis, name);
  }
  for (const name of ['resize', 'resizable', 'maxByteLength']) {
    deleteProperty(ArrayBuffer.prototype, name);
  }
  // It writes numbers that JSON cannot hold, such as 1e999.
  for (const name of ['rawJSON', 'isRawJSON']) deleteProperty(JSON, name);
  // The one other door to `Temporal`.
  deleteProperty(Date.prototype, 'toTemporalInstant');
  fixBuffers();
}

/** Puts a constructor without `maxByteLength` in the place of `ArrayBuffer`, for every way of reaching it. */
function fixBuffers(): void {
  const Native = ArrayBuffer;
  function FixedBuffer(length: number): object {
    if (new.target === undefined)
      throw new PlainTypeError("Class constructor ArrayBuffer cannot be invoked without 'new'");
    return construct(Native, [length], new.target);
  }
  defineProperty(FixedBuffer, 'isView', { value: Native.isView, writable: true, configurable: true });
  defineProperty(FixedBuffer, Symbol.species, {
    get(this: unknown) {
      return this;
    },
    configurable: true,
  });
  standIn(Native, FixedBuffer);
}
