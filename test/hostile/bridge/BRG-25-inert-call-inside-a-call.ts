import type { Attack } from '../harness/attack.ts';

/** n8n#28337: an evaluation inside an evaluation overwrote the state of the outer one. */
export const attack: Attack = {
  claim: 'calls and lines made while an argument is being copied get their own answers',
  script: `
    export async function main() {
      const inner = [];
      const nest = (depth) => ({ toJSON() {
        $cloister.log('info', 'at ' + depth, { depth });
        if (depth > 0) inner.push($cloister.call('probe.echo', nest(depth - 1)));
        return { depth };
      } });
      const outer = await $cloister.call('probe.echo', { a: nest(3), b: nest(0) });
      return [outer, await Promise.all(inner)];
    }`,
  returns: [{ a: { depth: 3 }, b: { depth: 0 } }, [{ depth: 0 }, { depth: 1 }, { depth: 2 }]],
  after: ({ lines }) => {
    if (lines.length !== 5) throw new Error(`${lines.length} lines`);
  },
};
