// timeout: 120
/** DBT-07 to DBT-09 on a real PostgreSQL: one pool of connections for all tenants, and what one of them may take of it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Capability, CapabilityError } from '../../host/broker/capability.ts';
import type { DbAnswer } from '../../host/broker/db/answer.ts';
import { createDbCapability } from '../../host/broker/db.ts';
import { openProject } from './project.ts';
import { type RestOptions, serveRest } from './rest.ts';
import { run } from './run.ts';

const test = suite('one pool for all tenants');
const project = await openProject(`
  create function who() returns jsonb language sql stable as $$
    select jsonb_build_object('tenant', auth.jwt() ->> 'tenant_id', 'role', current_user, 'session', session_user)
  $$;
  create function wait(seconds float) returns text language sql as $$ select pg_sleep(seconds)::text $$;
  create function fail(kind int) returns text language plpgsql as $$
  begin
    if kind = 1 then perform 1 / 0; end if;
    if kind = 2 then perform count(*) from nowhere_at_all; end if;
    if kind = 3 then insert into notes (tenant_id, id) values (null, null); end if;
    if kind = 4 then raise exception 'canary postgres://admin:canary@db.internal' using errcode = '58000'; end if;
    return 'done';
  end $$;
`);
if (typeof project === 'string') console.log(`skipped: ${project}`);
const on = typeof project === 'string' ? test.skip : test;

async function withCapability(options: RestOptions, work: (capability: Capability) => Promise<void>): Promise<void> {
  if (typeof project === 'string') return;
  await using rest = await serveRest(project.server, options);
  const capability = createDbCapability(rest.options);
  try {
    await work(capability);
  } finally {
    await capability.close();
  }
}

async function ask(capability: Capability, tenant: string, args: object): Promise<DbAnswer> {
  const context = run(tenant, { functions: ['who', 'wait', 'fail'] });
  const method = capability.methods.get('db.request');
  assert.ok(method);
  return (await method({ query: [], headers: {}, ...args }, context)) as DbAnswer;
}

const rpc = (fn: string, args: object) => ({ target: { fn }, method: 'POST', body: JSON.stringify(args) });
const json = { 'content-type': 'application/json', prefer: 'return=representation' };
const notes = (method: string, more: object = {}) => ({ target: { table: 'notes' }, method, ...more });
const rows = ({ body }: DbAnswer) => JSON.parse(body) as { tenant_id: string; id: string }[];

/** One run: writes, is refused, fails, and looks around; returns the tenants of all rows that it met. */
async function oneRun(capability: Capability, tenant: string, other: string): Promise<string[]> {
  const made = await ask(
    capability,
    tenant,
    notes('POST', { headers: json, body: JSON.stringify({ tenant_id: tenant }) }),
  );
  assert.is(made.status, 201);
  const [refused, failed] = await Promise.all([
    ask(capability, tenant, notes('POST', { headers: json, body: JSON.stringify({ tenant_id: other }) })),
    ask(capability, tenant, rpc('fail', { kind: 1 })),
  ]);
  assert.is(refused.status, 403);
  assert.ok(failed.status >= 400);
  const [all, changed, who] = await Promise.all([
    ask(capability, tenant, notes('GET', { query: [['or', `(tenant_id.eq.${other},id.not.is.null)`]] })),
    ask(capability, tenant, notes('PATCH', { headers: json, body: JSON.stringify({ body: tenant }) })),
    ask(capability, tenant, { target: { fn: 'who' }, method: 'GET' }),
  ]);
  assert.equal(JSON.parse(who.body), { tenant, role: 'authenticated', session: 'authenticator' });
  return [made, all, changed].flatMap(rows).map((row) => row.tenant_id);
}

on('DBT-07: 100 interleaved runs of two tenants on one pool cross nowhere', async () => {
  await withCapability({ pool: 3 }, async (capability) => {
    const runs = Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? ['a', 'b'] : ['b', 'a']) as [string, string]);
    // In waves, for a tenant may have 80 requests open.
    for (let from = 0; from < runs.length; from += 20) {
      const wave = runs.slice(from, from + 20);
      const met = await Promise.all(wave.map(([tenant, other]) => oneRun(capability, tenant, other)));
      for (const [at, tenants] of met.entries()) assert.equal([...new Set(tenants)], [wave[at]?.[0]]);
    }
  });
  if (typeof project === 'string') return;
  const counts =
    await project.admin`select tenant_id, body #>> '{}' as body, count(*)::int from notes group by 1, 2 order by 1`;
  assert.equal(
    [...counts],
    [
      { tenant_id: 'a', body: 'a', count: 50 },
      { tenant_id: 'b', body: 'b', count: 50 },
    ],
  );
});

on('DBT-07: a connection keeps nothing of the tenant that used it before, also after a failure', async () => {
  await withCapability({ pool: 1 }, async (capability) => {
    for (const [tenant, kind] of [
      ['a', 0],
      ['b', 1],
      ['a', 2],
      ['b', 4],
      ['a', 0],
    ] as const) {
      const who = await ask(capability, tenant, { target: { fn: 'who' }, method: 'GET' });
      assert.is(JSON.parse(who.body).tenant, tenant);
      await ask(capability, tenant, rpc('fail', { kind })).catch(() => null);
    }
  });
});

on(
  'DBT-08: a statement ends at the time-out of the database, and the script is told that it took too long',
  async () => {
    await withCapability({ statementMs: 300 }, async (capability) => {
      const { status, body } = await ask(capability, 'a', rpc('wait', { seconds: 600 }));
      assert.is(status, 408);
      assert.is(JSON.parse(body).code, '57014');
      const { body: text } = await ask(capability, 'a', { target: { fn: 'who' }, method: 'GET' });
      assert.is(JSON.parse(text).tenant, 'a', 'the connection is of use again');
    });
  },
);

on('DBT-08: one tenant’s flood takes its own share of connections, and its own calls only are refused', async () => {
  await withCapability({ pool: 8 }, async (capability) => {
    let open = true;
    const flood = Promise.allSettled(
      Array.from({ length: 100 }, () => ask(capability, 'a', rpc('wait', { seconds: 0.2 }))),
    );
    const ended = flood.then(() => {
      open = false;
    });
    for (let at = 0; at < 5; at += 1) assert.is((await ask(capability, 'b', notes('GET'))).status, 200);
    assert.ok(open, 'the other tenant was served while the flood went on');
    await ended;
    const refused = (await flood).flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    assert.is(refused.length, 20, 'of 100 calls at once 80 are let in');
    assert.ok(refused.every((each) => each instanceof CapabilityError && each.code === 'TOO_MANY_CALLS'));
  });
});

on('DBT-08: rows and bytes of an answer are capped, whatever is asked for', async () => {
  if (typeof project === 'string') return;
  await project.admin`insert into notes (tenant_id) select 'many' from generate_series(1, 3000)`;
  await project.admin`insert into notes (tenant_id, body) select 'large', to_jsonb(repeat('x', 3000000))`;
  await withCapability({}, async (capability) => {
    for (const more of [
      {},
      { query: [['limit', '1000000']] },
      { headers: { range: '0-999' } },
      { headers: { range: '0-999' }, query: [['limit', '5000']] },
    ]) {
      assert.is(rows(await ask(capability, 'many', notes('GET', more))).length, 1000);
    }
    const large = await ask(capability, 'large', notes('GET')).catch((error: unknown) => error);
    assert.is((large as CapabilityError).code, 'TOO_LARGE');
  });
});

on('DBT-09: errors of the driver come as a code and a text of ours', async () => {
  await withCapability({}, async (capability) => {
    for (const kind of [1, 2, 3, 4]) {
      const seen = await ask(capability, 'a', rpc('fail', { kind })).then(JSON.stringify, String);
      assert.not.match(
        seen,
        /canary|notes|nowhere_at_all[^"]*\\n|insert into|PL\/pgSQL|constraint|socket|cloister-pg/i,
        seen,
      );
    }
  });
});

test.after(async () => {
  if (typeof project !== 'string') await project[Symbol.asyncDispose]();
});

test.run();
