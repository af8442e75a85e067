import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a cell that sends half a frame and then nothing is ended by the wall clock of its run',
  forged: true,
  limits: { wallMs: 300 },
  script:
    "async function attack() { const frame = bytes('x'.repeat(100)); for (const byte of frame.subarray(0, 50)) { await write(Buffer.of(byte)); await pause(5); } await pause(1e6); }",
  fails: ['SCRIPT_WALL'],
  cell: ['stuck'],
};
