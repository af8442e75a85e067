import type { Attack } from '../harness/attack.ts';

/**
 * Found by an attack: the server repeats a wrong value in its outcome, and the pattern that looked for a stack in it took the
 * cube of the line ends. 4,000 of them held the host, and with it every tenant, for half a minute.
 */
export const attack: Attack = {
  claim: 'whatever text the server repeats of a wrong value, its outcome is read at once',
  limits: { wallMs: 15_000 },
  script: `
    export async function main(t) {
      const codes = [];
      for (const part of ['\\n', ' \\n ', ' \\nat', 'a', 'a:/', 'Organization/', '\\n at']) {
        const text = part.repeat(30_000 / part.length) + 'y';
        const calls = [
          ['fhir.search', { type: 'Patient', params: { birthdate: text } }],
          ['fhir.search', { type: 'Patient', params: { _sort: text } }],
          ['fhir.patch', { type: 'Patient', id: t.patient.own, ops: [{ op: 'test', path: '/birthDate', value: text }] }],
        ];
        for (const [method, args] of calls) codes.push(await $cloister.call(method, args).then(() => 'accepted', (error) => error.code));
      }
      return [...new Set(codes)];
    }`,
  returns: ['INVALID'],
};
