import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'a version of a foreign resource can neither be guessed nor replaced',
  script: `${HEAD}
    export async function main(t) {
      const update = (id) => codeOf(fhir.update({ resourceType: 'Patient', id, meta: { versionId: '1' } }));
      const entries = (id) => fhir.transaction(bundle('batch', { resource: { resourceType: 'Patient', id }, request: { method: 'PUT', url: 'Patient/' + id, ifMatch: 'W/"1"' } })).then(({ entry }) => entry[0].response.status);
      return [await update(t.patient.foreign), await update(t.patient.missing), await entries(t.patient.foreign), await entries(t.patient.missing)];
    }`,
  returns: ['NOT_FOUND', 'NOT_FOUND', '412', '412'],
};
