import type { Attack } from '../harness/attack.ts';

/** n8n#37358: data that has keys of Object's own did not get through. */
export const attack: Attack = {
  claim: 'keys such as toString, hasOwnProperty and then survive every way across',
  script: `
    export async function main() {
      const data = { toString: 1, hasOwnProperty: { then: 'x' }, then: [1], valueOf: null, toLocaleString: '', isPrototypeOf: 0, length: -1, toJSON: 'x', ok: 1, err: 2, text: 3, 'a.b': 1, '': 2, '0': 3 };
      const answer = await $cloister.call('probe.echo', data);
      $cloister.log('info', 'x', data);
      return [JSON.stringify(answer) === JSON.stringify(data), data];
    }`,
  after: ({ outcomes: [outcome], lines }) => {
    const [same, data] = outcome?.ok ? (outcome.output as [boolean, object]) : [];
    if (!same || JSON.stringify(lines[0]?.data) !== JSON.stringify(data)) throw new Error(JSON.stringify(outcome));
  },
};
