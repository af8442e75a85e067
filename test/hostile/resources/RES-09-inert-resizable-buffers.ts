import type { Attack } from '../harness/attack.ts';

/** Measured: 1.1 GB beyond a limit of 64 MB. */
export const attack: Attack = {
  claim: 'a buffer can neither be made to grow nor be grown',
  script: `
    export async function main() {
      const tries = [() => new ArrayBuffer(8, { maxByteLength: 2 ** 32 }).resize(2 ** 30), () => new ArrayBuffer(8).resize(16), () => new ArrayBuffer(8).transfer(2 ** 32).byteLength,
        () => Reflect.construct(ArrayBuffer, [8, { maxByteLength: 2 ** 32 }], class extends ArrayBuffer {}).resize(2 ** 30), () => new ArrayBuffer(2 ** 40), () => new Uint8Array(2 ** 40), () => structuredClone(new ArrayBuffer(8)).resize(9)];
      return tries.map((attempt) => { try { attempt(); return 'done'; } catch (error) { return [TypeError, RangeError].includes(error.constructor); } });
    }`,
  returns: Array(7).fill(true),
};
