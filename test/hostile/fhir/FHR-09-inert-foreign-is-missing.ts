import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'a foreign id and a missing one are answered with the same bytes by every call',
  script: `${HEAD}
    export async function main(t) {
      const say = (id) => (work) => work.then((value) => JSON.stringify(value ?? null), ({ code, message }) => code + message).then((text) => text.replaceAll(id, 'ID').replace(/\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z/g, 'TIME'));
      const all = (id) => Promise.all([
        fhir.read('Patient', id), fhir.search('Patient', { _id: id }), fhir.search('Coverage', { beneficiary: 'Patient/' + id }), fhir.patch('Patient', id, [{ op: 'remove', path: '/active' }]),
        fhir.delete('Patient', id), fhir.update({ resourceType: 'Patient', id, meta: { versionId: '1' } }),
        fhir.transaction(bundle('batch', entry('GET', 'Patient/' + id), entry('DELETE', 'Patient/' + id))), fhir.transaction(bundle('transaction', entry('GET', 'Patient/' + id))),
      ].map(say(id)));
      const [foreign, missing] = [await all(t.patient.foreign), await all(t.patient.missing)];
      return foreign.filter((text, at) => text !== missing[at]);
    }`,
  returns: [],
};
