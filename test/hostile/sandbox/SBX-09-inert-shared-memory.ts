import type { Attack } from '../harness/attack.ts';

/** Memory that two threads share, and what waits on it: a clock without resolution, and bytes that no limit counts. */
export const attack: Attack = {
  claim: 'there are no shared or growing buffers and no Atomics, by their name or by way of others',
  script: `
    export async function main() {
      const names = ['SharedArrayBuffer', 'Atomics', 'FinalizationRegistry'].filter((name) => name in globalThis || (0, eval)('typeof ' + name) !== 'undefined');
      const buffer = new Uint8Array(8).buffer;
      const makers = [ArrayBuffer, buffer.constructor, Object.getPrototypeOf(buffer).constructor, structuredClone(buffer).constructor, buffer.slice(0).constructor, buffer.transfer?.(8).constructor ?? ArrayBuffer];
      const grown = makers.map((Maker) => new Maker(8, { maxByteLength: 2 ** 20 })).filter((each) => each.resizable || each.growable || each.maxByteLength > 8 || each.resize);
      class Own extends ArrayBuffer {}
      return [names, new Set(makers).size, grown.length, new Own(8, { maxByteLength: 64 }).byteLength, typeof Own.prototype.resize,
        new Uint8Array(new ArrayBuffer(8, { get maxByteLength() { throw new Error('read'); } })).length];
    }`,
  returns: [[], 1, 0, 8, 'undefined', 8],
};
