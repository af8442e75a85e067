import type { Attack } from '../harness/attack.ts';

/** The log is a way across, too. */
export const attack: Attack = {
  claim: 'data of a line that is too deep is left out, and the line is there',
  limits: { cpuMs: 4_000, wallMs: 15_000 },
  script: `
    export async function main() {
      let list = [], edge = [];
      for (let i = 0; i < 1e6; i++) list = [list];
      for (let i = 0; i < 300; i++) edge = [edge];
      $cloister.log('info', 'deep', list);
      $cloister.log('info', 'edge', edge);
      console.log(edge);
      return 'on';
    }`,
  returns: 'on',
  after: ({ lines }) => {
    const texts = lines.map(({ message }) => message.slice(0, 40));
    if (texts.length !== 3 || texts[0] !== 'deep') throw new Error(JSON.stringify(texts));
  },
};
