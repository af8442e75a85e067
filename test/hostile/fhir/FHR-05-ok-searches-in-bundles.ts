import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'a bundle may search and read as single calls do',
  script: `${HEAD}
    export async function main(t) {
      const { entry: [found, read] } = await fhir.transaction(bundle('batch', entry('GET', 'Patient?_id=' + t.patient.own), entry('GET', 'Patient/' + t.patient.own)));
      return [found.resource.total, read.resource.id === t.patient.own];
    }`,
  returns: [1, true],
};
