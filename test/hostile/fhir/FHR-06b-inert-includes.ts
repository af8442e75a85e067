import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'what a search includes is of the same tenant, though its own resources refer to a foreign one',
  script: `${HEAD}
    export async function main(t) {
      for (const subject of [t.patient.foreign, t.patient.own]) await fhir.create({ resourceType: 'Encounter', status: 'finished', subject: { reference: 'Patient/' + subject } });
      const all = await fhir.search('Encounter', { _include: ['Encounter:subject', 'Encounter:patient', '*'], '_include:iterate': 'Patient:organization', _revinclude: '*' }).catch(() => fhir.search('Encounter', { _include: ['Encounter:subject', 'Encounter:patient'] }));
      const back = await fhir.search('Patient', { _revinclude: ['Encounter:subject', 'Encounter:patient'], _id: t.patient.own + ',' + t.patient.foreign });
      return [all, back].map(({ entry }) => [...new Set(entry.map(({ resource }) => resource.resourceType + (resource.id === t.patient.foreign ? ' foreign' : '')))].sort());
    }`,
  returns: [
    ['Encounter', 'Patient'],
    ['Encounter', 'Patient'],
  ],
};
