import type { Attack } from '../harness/attack.ts';

/** Who calls is not a matter of what is said. */
export const attack: Attack = {
  claim: 'ids of another run or tenant in the arguments are ignored: the host knows who calls',
  script: `
    import { run } from 'cloister';
    export async function main(t) {
      const claims = [{ tenant: t.tenant.foreign }, { tenantId: t.tenant.foreign, runId: 'other', id: 0, call: 0 }, { context: { tenant: t.tenant.foreign } }, [t.tenant.foreign], t.tenant.foreign];
      const answers = await Promise.all(claims.map((claim) => $cloister.call('probe.who', claim)));
      const read = (id, extra) => $cloister.call('fhir.read', { type: 'Patient', id, ...extra }).then(({ id }) => id, ({ code, message }) => code + message.replaceAll(id, ''));
      const [foreign, missing] = await Promise.all([read(t.patient.foreign, { tenant: t.tenant.foreign }), read(t.patient.missing, { tenant: t.tenant.foreign })]);
      return [answers.every(({ tenant, runId }) => tenant === t.tenant.own && runId === run.id), foreign === missing];
    }`,
  returns: [true, true],
};
