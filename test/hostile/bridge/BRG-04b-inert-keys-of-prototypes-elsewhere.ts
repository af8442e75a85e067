import type { Attack } from '../harness/attack.ts';

/** The same keys in a result, a line of the log, and an answer: data, without effect on either side. */
export const attack: Attack = {
  claim: 'results, lines and answers with such keys are data, and change no prototype',
  script: `
    export async function main() {
      const data = JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
      $cloister.log('info', 'x', data);
      const answer = await $cloister.call('probe.answer', 'keys');
      return { clean: {}.admin === undefined && answer.admin === undefined && Object.hasOwn(answer, '__proto__') && answer.then === 1, data };
    }`,
  after: ({ outcomes: [outcome], lines }) => {
    const clean = outcome?.ok && (outcome.output as { clean: boolean }).clean;
    const polluted = [{}, outcome, lines[0], lines[0]?.data].some(
      (each) => Reflect.get(Object(each), 'admin') !== undefined,
    );
    if (!clean || lines.length !== 1 || polluted) throw new Error(JSON.stringify(outcome));
  },
};
