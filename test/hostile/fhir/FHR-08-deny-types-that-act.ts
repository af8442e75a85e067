import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'a script writes no type that makes the server act, and reaches none that administers it',
  script: `${HEAD}
    export async function main(t) {
      const writes = ['Subscription', 'SubscriptionTopic', 'Endpoint', 'AuditEvent'].flatMap((resourceType) => [fhir.create({ resourceType }), fhir.update({ resourceType, id: 'x' }), fhir.delete(resourceType, 'x'), fhir.patch(resourceType, 'x', []), fhir.transaction(bundle('batch', entry('POST', resourceType, { resourceType })))]);
      const reads = ['Client', 'User', 'AccessPolicy', 'Lambda', 'AidboxJob', 'TokenIntrospector'].flatMap((type) => [fhir.read(type, 'x'), fhir.search(type), fhir.transaction(bundle('batch', entry('GET', type)))]);
      const operations = ['$import', '$export', '$reindex', 'Patient/$everything', 'Patient/x/$validate'].map((url) => fhir.transaction(bundle('batch', entry('POST', url, { resourceType: 'Parameters' }))));
      return outcomes([...writes, ...reads, ...operations]);
    }`,
  returns: ['DENIED'],
};
