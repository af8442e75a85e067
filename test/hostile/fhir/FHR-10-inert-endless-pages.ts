import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'a search gives a thousand matches at most, and whoever follows pages for ever runs out of calls',
  script: `${HEAD}
    export async function main(t) {
      const some = (from) => bundle('batch', ...Array.from({ length: 550 }, (_, at) => entry('PUT', 'Group/g' + (from + at), { resourceType: 'Group', id: 'g' + (from + at) })));
      await Promise.all([fhir.transaction(some(0)), fhir.transaction(some(550))]);
      const counts = [];
      for (const _count of [undefined, 1e9, 1000000]) counts.push(await fhir.search('Group', { _count, _elements: 'id' }).then(({ entry }) => entry.length <= 1000, ({ code }) => code));
      let page = 0;
      for (;;) {
        const ended = await fhir.search('Group', { _count: 1, _offset: page++ }).then(() => null, ({ code }) => code);
        if (ended) return [counts, ended];
      }
    }`,
  limits: { calls: 30, wallMs: 20_000, cpuMs: 5_000 },
  returns: [[true, true, true], 'TOO_MANY_CALLS'],
};
