import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'parameters that reach into other resources, or run queries of another kind, are refused',
  script: `${HEAD}
    export async function main(t) {
      const names = ['subject.name', 'subject:Patient.name', 'patient.organization.name', '_has:Encounter:patient:status', '_query', '_filter', '_contained', '_list', '_type', '_format', '_graphql', '_has'];
      const searches = names.flatMap((name) => [fhir.search('Encounter', { [name]: 'x' }), fhir.transaction(bundle('batch', entry('GET', 'Encounter?' + encodeURIComponent(name) + '=x')))]);
      return outcomes(searches);
    }`,
  returns: ['DENIED'],
};
