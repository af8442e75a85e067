import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Audit, type Audited } from '../../host/audit.ts';
import type { AuditEvent, AuditStore } from '../../registry/index.ts';

const test = suite('a flood of audit events');

const WAITING = 100;
const event = (tenant: string | null, runId: string): Audited => {
  return { tenant, runId, workflow: 'w', activity: 'a', digest: 'd', code: 'DENIED', method: 'fhir.read' };
};

/** An audit over a store that takes nothing until `open`; then all that it was given is in `taken`. */
function gated() {
  const taken: AuditEvent[] = [];
  const gate = Promise.withResolvers<void>();
  const store: AuditStore = {
    addAudit: async (events) => {
      await gate.promise;
      taken.push(...events);
    },
  };
  const audit = new Audit({ store, log: pino({ level: 'silent' }), gatherMs: 1, maxWaiting: WAITING });
  return { audit, taken, open: () => gate.resolve() };
}

for (const [name, pauseMs] of [
  ['before a batch is under way', 0],
  ['while a batch is under way', 20],
] as const) {
  test(`drops the flooding tenant's own events, not those of others: ${name}`, async () => {
    const { audit, taken, open } = gated();
    for (let n = 0; n < WAITING / 2; n++) audit.write(event('flood', `early-${n}`));
    await new Promise((done) => setTimeout(done, pauseMs));
    for (let n = 0; n < 10 * WAITING; n++) audit.write(event('flood', `f-${n}`));
    for (let n = 0; n < 20; n++) audit.write(event(n % 2 === 0 ? 'quiet' : null, `q-${n}`));
    for (let n = 0; n < 10 * WAITING; n++) audit.write(event('flood', `late-${n}`));
    open();
    await audit.close();
    const others = taken.filter(({ tenant }) => tenant !== 'flood').map(({ runId }) => runId);
    assert.equal(
      others,
      Array.from({ length: 20 }, (_, n) => `q-${n}`),
    );
    assert.is(taken.length, WAITING);
    assert.is(new Set(taken.map(({ id }) => id)).size, WAITING);
  });
}

test.run();
