import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a hundred calls at once wait for their turn, and all are answered',
  script: `${HEAD}
    export async function main(t) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => db.from('notes').select('id').limit(1)));
      return [...new Set(answers.map(({ status }) => status))];
    }`,
  limits: { wallMs: 15_000 },
  returns: [200],
};
