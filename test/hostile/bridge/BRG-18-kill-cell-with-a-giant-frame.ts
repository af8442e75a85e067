import type { Attack } from '../harness/attack.ts';

/** The length of a frame is the sender's word: a reader that believes it keeps 4 GB ready. */
export const attack: Attack = {
  claim: 'a frame that announces 4 GB ends the cell before its body is read',
  forged: true,
  script:
    // Later than `ready`: in one piece with it, the cell has never been one, and the run is begun once more elsewhere.
    'async function attack() { await pause(100); const head = Buffer.alloc(4, 255); for (;;) await write(Buffer.concat([head, Buffer.alloc(1 << 16, 120)])); }',
  fails: ['SCRIPT_KILLED'],
  cell: ['protocol'],
};
