import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

/** icanbwell #2392: an entry went where its url said. */
export const attack: Attack = {
  claim: 'one entry that leaves the base of the tenant refuses the whole bundle',
  script: `${HEAD}
    export async function main(t) {
      const patient = { resourceType: 'Patient', id: 'x' };
      const urls = ['/Patient/x', '//127.0.0.1/x', '../' + t.tenant.foreign + '/fhir/Patient/x', 'Organization/' + t.tenant.foreign + '/fhir/Patient/x', 'Patient/../../x', 'Patient/%2e%2e', 'Patient/x/_history', '$import', 'Patient/$everything'];
      const works = urls.flatMap((url) => ['transaction', 'batch'].map((type) => fhir.transaction(bundle(type, entry('PUT', 'Basic/first', { resourceType: 'Basic', id: 'first' }), entry('PUT', url, patient)))));
      return [await outcomes(works), await codeOf(fhir.read('Basic', 'first'))];
    }`,
  returns: [['DENIED'], 'NOT_FOUND'],
};
