// timeout: 90
/** Tables of project workers: every case on the embedded database and on a PostgreSQL (PW-33). */
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Each } from './store/case.ts';
import { codeCases } from './store/code.ts';
import { leaseCases } from './store/leases.ts';
import { queueCases } from './store/queues.ts';
import { workerCases } from './store/workers.ts';
import { openStores } from './stores.ts';

const open = await openStores();
const test = suite('store of project workers');

test.after(async () => {
  await open[Symbol.asyncDispose]();
});

const each: Each = (claim, body) => {
  for (const on of open.stores) test(`PW-33 ${on.name}: ${claim}`, () => body(on));
};

queueCases(each);
codeCases(each);
workerCases(each);
leaseCases(each);

const TABLES = 'projects workflow_statuses workflows compiled_workflows components workflow_workers leases'.split(' ');

each('no key but the service role sees or writes a row', async ({ client, stranger }) => {
  for (const table of TABLES) {
    assert.ok(((await client.from(table).select('*').limit(1)).data ?? []).length > 0, table);
    assert.equal((await stranger.from(table).select('*')).data ?? [], [], table);
  }
  const stolen = await stranger.from('leases').insert({ resource: 'project/x/0', fence: 1 }).select('*');
  assert.ok(stolen.error !== null);
});

each('PW-34 the store asks for rows of tables and nothing else', async ({ asked }) => {
  assert.ok(asked.length > 100);
  for (const url of asked) {
    const [, table = '', query = ''] = /^\/rest\/v1\/([^?]*)\??(.*)$/.exec(url) ?? [];
    assert.ok(TABLES.includes(table), url);
    const fields = new URLSearchParams(query.replaceAll('+', '%2B'));
    assert.not.match(fields.get('select') ?? '', /[(:]/, url);
    for (const column of fields.keys()) assert.match(column, /^[a-z_]+$/, url);
  }
});

const ROOT = path.join(import.meta.dirname, '../..');

test('PW-34 migrations that every database runs have nothing in them that one of them reads otherwise', async () => {
  const files = await Array.fromAsync(glob('registry/migrations/*.sql', { cwd: ROOT }));
  const shared = files.filter((file) => !file.endsWith('.postgres.sql'));
  assert.ok(shared.some((file) => file.endsWith('0009_projects.sql')));
  for (const file of shared) {
    const sql = (await readFile(path.join(ROOT, file), 'utf8')).replace(/--.*$/gm, '').toLowerCase();
    for (const statement of sql.split(';')) {
      assert.not.match(statement, /create (unique )?index[^;]* where /s, file);
      assert.not.match(statement, /\bview\b|\brevoke\b|security_invoker|create (or replace )?function/s);
      // `notes` is the sample of a tenant's table.
      const [, target = ''] = /\bgrant\b.* on (\w+) to /s.exec(statement) ?? [];
      if (target !== '' && target !== 'notes') assert.match(statement, /to service_role\s*$/, file);
      if (/0009|00[1-9]\d/.test(file))
        assert.not.match(statement, /\bnow ?\(|current_|gen_random_uuid|default\s+\(/, file);
    }
  }
});

test('PW-34 the store writes the times itself and calls no function', async () => {
  for await (const file of glob('registry/store/*.ts', { cwd: ROOT })) {
    const code = await readFile(path.join(ROOT, file), 'utf8');
    assert.not.match(code, /\.rpc\(|!inner/, file);
    // The only one asks what time the database has.
    const asks = code.match(/'now(\(\))?'/g)?.length ?? 0;
    assert.is(asks, file.endsWith('leases.ts') ? 1 : 0, file);
  }
});

test.run();
