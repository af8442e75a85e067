import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'a reference to another host is data: nothing calls there',
  script: `${HEAD}
    export async function main(t) {
      const elsewhere = ['http://127.0.0.1:' + t.port + '/Patient/1', '//127.0.0.1:' + t.port + '/x', 'http:\\\\127.0.0.1:' + t.port];
      for (const reference of elsewhere) {
        const { id } = await fhir.create({ resourceType: 'Flag', status: 'active', subject: { reference }, contained: [{ resourceType: 'Patient', id: 'p', link: [{ other: { reference } }] }] });
        await fhir.read('Flag', id);
        await codeOf(fhir.search('Flag', { subject: reference, _include: ['Flag:subject', '*'], '_include:iterate': 'Flag:subject' }));
        await codeOf(fhir.transaction(bundle('transaction', { ...entry('PUT', 'Flag/' + id, { resourceType: 'Flag', id, subject: { reference } }) })));
      }
      return 'done';
    }`,
  returns: 'done',
};
