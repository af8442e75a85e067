import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@supabase/supabase-js';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Audit, type Audited, type AuditOptions } from '../../host/audit.ts';
import { type EmbeddedSupabase, startSupabase } from '../../host/embedded/supabase.ts';
import { openRows } from '../../host/rows.ts';
import { type AuditStore, StoreError } from '../../registry/index.ts';
import { temporaryFolder } from '../stand/project.ts';

interface Context {
  folder: Awaited<ReturnType<typeof temporaryFolder>>;
  db: EmbeddedSupabase;
}
const test = suite<Context>('the audit');

test.before(async (context) => {
  context.folder = await temporaryFolder('audit');
  context.db = await startSupabase({ dbFile: `${context.folder.path}/db.sqlite` });
});
test.after(async ({ db, folder }) => {
  await db.close();
  await folder.remove();
});

const event = (runId: string): Audited => {
  return {
    tenant: 'org-1',
    runId,
    workflow: 'w',
    activity: 'a',
    digest: 'd',
    code: 'CAPABILITY_REFUSED',
    method: 'm.x',
  };
};

/** An audit that is quick to write and to try again, with what it says in its log. */
function auditOver(store: AuditStore | null, more: Partial<AuditOptions> = {}) {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const audit = new Audit({ store, log, gatherMs: 20, retryMs: 20, closeMs: 1_000, ...more });
  const dropped = () => lines.reduce((sum, line) => sum + Number(line.dropped ?? 0), 0);
  return { audit, lines, dropped };
}

async function rows({ db }: Context, runId: string) {
  const client = createClient(db.url, db.serviceRoleKey, { auth: { persistSession: false } });
  const { data } = await client.from('audit_events').select('*').eq('run_id', runId).order('time').limit(5_000);
  return data ?? [];
}

const down = new StoreError('STORE_UNAVAILABLE', 'down');
const until = async (done: () => boolean | Promise<boolean>) => {
  while (!(await done())) await sleep(20);
};

test('an event is in the table and in the log, with time, kind and author', async (context) => {
  const { audit, lines } = auditOver(openRows(context.db));
  audit.write(event('one'));
  audit.write({ ...event('one'), kind: 'released', actor: 'ann' });
  await until(async () => (await rows(context, 'one')).length === 2);
  const [denied, released] = await rows(context, 'one');
  assert.equal([denied.kind, denied.actor, released.kind, released.actor], ['denied', null, 'released', 'ann']);
  assert.ok(Math.abs(Date.parse(denied.time) - Date.now()) < 60_000);
  const { tenant, workflow, activity, digest, code, method } = event('one');
  const { tenant: t, workflow: w, activity: a, digest: d, code: c, method: m } = denied;
  assert.equal([t, w, a, d, c, m], [tenant, workflow, activity, digest, code, method]);
  assert.equal(
    lines.map((line) => [line.audit, line.id]),
    [
      ['denied', denied.id],
      ['released', released.id],
    ],
  );
  await audit.close();
});

test('a thousand events at once are written in a few batches, and close waits for them', async (context) => {
  const store = openRows(context.db);
  let calls = 0;
  const { audit, dropped } = auditOver({
    addAudit: (events) => {
      calls++;
      return store.addAudit(events);
    },
  });
  for (let n = 0; n < 1_000; n++) audit.write(event('many'));
  await audit.close();
  assert.is((await rows(context, 'many')).length, 1_000);
  assert.ok(calls <= 3, `${calls} calls`);
  assert.is(dropped(), 0);
});

test('an event that was written though no answer came is in the table once', async (context) => {
  const store = openRows(context.db);
  let calls = 0;
  const { audit } = auditOver({
    addAudit: async (events) => {
      await store.addAudit(events);
      if (++calls === 1) throw down;
    },
  });
  for (let n = 0; n < 10; n++) audit.write(event('twice'));
  await until(() => calls > 1);
  await audit.close();
  assert.is((await rows(context, 'twice')).length, 10);
});

test('while the database is down events wait, and go there when it is back', async (context) => {
  const store = openRows(context.db);
  let isDown = true;
  let refused = 0;
  const { audit, dropped } = auditOver({
    addAudit: async (events) => {
      if (isDown && ++refused) throw down;
      await store.addAudit(events);
    },
  });
  for (let n = 0; n < 20; n++) audit.write(event('late'));
  await until(() => refused >= 2);
  isDown = false;
  await until(async () => (await rows(context, 'late')).length === 20);
  assert.is(dropped(), 0);
  await audit.close();
});

test('a database that never answers holds nobody up: what is too much is dropped, and counted in the log', async () => {
  const never: AuditStore = { addAudit: () => new Promise(() => undefined) };
  const { audit, lines, dropped } = auditOver(never, { maxWaiting: 50, closeMs: 100, writeMs: 100 });
  const begun = performance.now();
  for (let n = 0; n < 200; n++) audit.write(event('never'));
  assert.ok(performance.now() - begun < 1_000, 'writing does not wait');
  const waiting = () => lines.find((line) => line.waiting !== undefined)?.waiting;
  await until(() => waiting() !== undefined);
  assert.is(waiting(), 50);
  await audit.close();
  assert.is(dropped(), 200, 'all of them, once each');
  assert.is(lines.filter((line) => line.audit === 'denied').length, 200, 'the log has them all');
});

test('a batch that is never taken is dropped after its tries, and the next one is written', async (context) => {
  const store = openRows(context.db);
  const { audit, dropped } = auditOver(
    {
      addAudit: async (events) => {
        if (events.some(({ runId }) => runId === 'poison')) throw down;
        await store.addAudit(events);
      },
    },
    { tries: 3 },
  );
  audit.write(event('poison'));
  await until(() => dropped() === 1);
  audit.write(event('after'));
  await until(async () => (await rows(context, 'after')).length === 1);
  await audit.close();
});

test('a store that throws instead of rejecting is a store that is down', async () => {
  const { audit, dropped } = auditOver(
    {
      addAudit: () => {
        throw down;
      },
    },
    { tries: 2 },
  );
  audit.write(event('thrown'));
  await until(() => dropped() === 1);
  await audit.close();
});

test('without a database events are in the log, and none is counted as dropped', async () => {
  const { audit, lines, dropped } = auditOver(null);
  audit.write(event('log only'));
  await audit.close();
  assert.equal([lines.length, dropped()], [1, 0]);
});

test.run();
