import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EmbeddedSupabase, startSupabase } from '../../host/embedded/supabase.ts';
import { type CodeStore, createFileStore, createStore, StoreError } from '../../registry/store/index.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const code = 'globalThis.x = "\u0000 ü \\u0000 😀"';
const bundle = JSON.stringify({ code, map: '{"version":3}' });
const plan = '{"interpreter":1,"name":"ü"}';

const test = suite<{ dir: string; db: EmbeddedSupabase; client: SupabaseClient; stores: [string, CodeStore][] }>(
  'code',
);

test.before(async (context) => {
  context.dir = await mkdtemp(path.join(tmpdir(), 'cloister-store-'));
  context.db = await startSupabase({ dbFile: path.join(context.dir, 'db.sqlite') });
  context.client = createClient(context.db.url, context.db.serviceRoleKey, { auth: { persistSession: false } });
  context.stores = [
    ['database', createStore({ client: context.client })],
    ['files', createFileStore(path.join(context.dir, 'code'))],
  ];
});

test.after(async ({ db, dir }) => {
  await db.close();
  await rm(dir, { recursive: true, force: true });
});

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof StoreError ? error.code : String(error)),
  );

test('a bundle and a plan come back byte for byte, however often they are put', async ({ stores }) => {
  for (const [name, store] of stores) {
    for (let round = 0; round < 2; round += 1) {
      await store.putCode(sha256(code), 'bundle', bundle);
      await store.putCode(sha256(plan), 'plan', plan);
    }
    assert.equal(await store.getCode(sha256(code)), { kind: 'bundle', body: bundle }, name);
    assert.equal(await store.getCode(sha256(plan)), { kind: 'plan', body: plan }, name);
  }
});

test('a bundle of several MB fits', async ({ stores }) => {
  const big = randomBytes(2 ** 21).toString('hex');
  for (const [name, store] of stores) {
    await store.putCode(sha256(big), 'bundle', JSON.stringify({ code: big, map: '' }));
    assert.is((await store.getCode(sha256(big)))?.body.length, big.length + 20, name);
  }
});

test('an unknown digest is null, and touching it does nothing', async ({ stores }) => {
  for (const [, store] of stores) {
    await store.touchCode(sha256('unknown'));
    assert.is(await store.getCode(sha256('unknown')), null);
  }
});

test('a body is never stored under a digest that is not its own', async ({ stores }) => {
  for (const [, store] of stores) {
    assert.is(await codeOf(store.putCode(sha256('other'), 'plan', plan)), 'DIGEST_MISMATCH');
    assert.is(await codeOf(store.putCode(sha256(bundle), 'bundle', bundle)), 'DIGEST_MISMATCH');
    assert.is(await codeOf(store.putCode(sha256('null'), 'bundle', 'null')), 'DIGEST_MISMATCH');
    assert.is(await store.getCode(sha256('other')), null);
  }
});

test('a digest that is no digest reaches neither disk nor database', async ({ stores }) => {
  for (const [, store] of stores) {
    for (const digest of ['../../etc/passwd', '', sha256(plan).toUpperCase(), `${sha256(plan)}\n`, '..']) {
      assert.is(await codeOf(store.getCode(digest)), 'DIGEST_INVALID');
      assert.is(await codeOf(store.touchCode(digest)), 'DIGEST_INVALID');
      assert.is(await codeOf(store.putCode(digest, 'plan', plan)), 'DIGEST_INVALID');
    }
  }
});

test('changed content is found out when read, and mended by putting it again', async ({ stores, client, dir }) => {
  const digest = sha256(plan);
  for (const [, store] of stores) await store.putCode(digest, 'plan', plan);
  const { data } = await client.from('code_versions').select('body').eq('digest', sha256(code)).single();
  await client.from('code_versions').update({ body: data?.body }).eq('digest', digest);
  await writeFile(path.join(dir, 'code', `${digest}.plan`), `${plan} `);
  for (const [name, store] of stores) {
    assert.is(await codeOf(store.getCode(digest)), 'CODE_CORRUPT', name);
    await store.putCode(digest, 'plan', plan);
    assert.is((await store.getCode(digest))?.body, plan, name);
  }
  await client.from('code_versions').update({ body: 'no gzip' }).eq('digest', digest);
  assert.is(await codeOf(stores[0]?.[1].getCode(digest) ?? Promise.resolve()), 'CODE_CORRUPT');
});

test('touching code moves its time of last use', async ({ stores, client, dir }) => {
  const digest = sha256(plan);
  const old = new Date('2020-01-01T00:00:00Z');
  const file = path.join(dir, 'code', `${digest}.plan`);
  for (const [, store] of stores) await store.putCode(digest, 'plan', plan);
  await client.from('code_versions').update({ last_used_at: old.toISOString() }).eq('digest', digest);
  await utimes(file, old, old);
  for (const [, store] of stores) await store.touchCode(digest);
  const { data } = await client.from('code_versions').select('last_used_at').eq('digest', digest).single();
  assert.ok(Date.parse(data?.last_used_at) > Date.now() - 60_000);
  assert.ok((await stat(file)).mtimeMs > Date.now() - 60_000);
});

test('what nobody has used since is removed, and nothing else', async ({ stores, client, dir }) => {
  const old = new Date('2020-01-01T00:00:00Z');
  for (const [name, store] of stores) {
    await store.putCode(sha256(code), 'bundle', bundle);
    await store.putCode(sha256(plan), 'plan', plan);
    await client.from('code_versions').update({ last_used_at: old.toISOString() }).eq('digest', sha256(code));
    await utimes(path.join(dir, 'code', `${sha256(code)}.bundle`), old, old).catch(() => undefined);
    assert.is(await store.removeCode('2021-01-01T00:00:00.000Z'), 1, name);
    assert.is(await store.getCode(sha256(code)), null, name);
    assert.ok(await store.getCode(sha256(plan)), name);
  }
});

test('writers at the same time leave one whole file and no drafts', async ({ dir }) => {
  const folder = path.join(dir, 'race');
  const body = JSON.stringify({ text: 'x'.repeat(200_000) });
  const store = createFileStore(folder);
  await Promise.all(Array.from({ length: 8 }, () => store.putCode(sha256(body), 'plan', body)));
  assert.equal(await readdir(folder), [`${sha256(body)}.plan`]);
  assert.is(await readFile(path.join(folder, `${sha256(body)}.plan`), 'utf8'), body);
});

test('a database that is gone is STORE_UNAVAILABLE without its address', async ({ dir }) => {
  const db = await startSupabase({ dbFile: path.join(dir, 'gone.sqlite') });
  const store = createStore({ client: createClient(db.url, db.serviceRoleKey, { auth: { persistSession: false } }) });
  await db.close();
  const error = await store.putCode(sha256(plan), 'plan', plan).catch((caught: unknown) => caught);
  assert.instance(error, StoreError);
  assert.is(error instanceof StoreError && error.code, 'STORE_UNAVAILABLE');
  assert.not.match(String(error), '127.0.0.1');
});

test.run();
