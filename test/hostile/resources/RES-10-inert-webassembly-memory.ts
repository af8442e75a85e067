import type { Attack } from '../harness/attack.ts';

/** Measured: 1.0 GB beyond a limit of 64 MB. */
export const attack: Attack = {
  claim: 'there is no memory of WebAssembly to allocate',
  script:
    'export async function main() { try { return new WebAssembly.Memory({ initial: 16_384 }).buffer.byteLength; } catch (error) { return error.name; } }',
  returns: 'ReferenceError',
};
