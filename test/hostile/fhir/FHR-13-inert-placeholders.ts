import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

/** The server replaces a placeholder by what its entry became. */
export const attack: Attack = {
  claim: 'a placeholder becomes a reference to what the bundle made, and to nothing else',
  script: `${HEAD}
    export async function main(t) {
      const urn = 'urn:uuid:11111111-1111-4111-8111-111111111111';
      const flag = { resourceType: 'Flag', status: 'active', subject: { reference: urn } };
      const forged = { fullUrl: 'Patient/' + t.patient.foreign, ...entry('POST', 'Patient', { resourceType: 'Patient' }) };
      const { entry: [, made] } = await fhir.transaction(bundle('transaction', { fullUrl: urn, ...forged, fullUrl: urn }, entry('POST', 'Flag', flag)));
      await codeOf(fhir.transaction(bundle('transaction', forged, entry('POST', 'Flag', { ...flag, subject: { reference: 'Patient/' + t.patient.foreign } }))));
      return [made.resource.subject.reference.endsWith(t.patient.foreign), await codeOf(fhir.read('Patient', t.patient.foreign))];
    }`,
  returns: [false, 'NOT_FOUND'],
};
