import type { Attack } from '../harness/attack.ts';

/** The length of a frame is the sender's word: a reader that believes it keeps 4 GB ready. */
export const attack: Attack = {
  claim: 'a frame that announces 4 GB ends the cell before its body is read',
  forged: true,
  script:
    'async function attack() { const head = Buffer.alloc(4, 255); for (;;) await write(Buffer.concat([head, Buffer.alloc(1 << 16, 120)])); }',
  fails: ['SCRIPT_KILLED'],
  cell: ['protocol'],
};
