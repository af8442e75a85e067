import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GENERATED } from './pages.ts';

const pages = suite('generated pages');

for (const [name, render] of GENERATED) {
  pages(`docs/${name} says what the code says`, async () => {
    const text = await readFile(join(import.meta.dirname, '../../docs', name), 'utf8');
    assert.is(text, await render(), `docs/${name} is out of date: run node test/docs/pages.ts`);
  });
}

pages('docs/database.md names every table and column that the migration of projects makes', async () => {
  const file = (path: string) => readFile(join(import.meta.dirname, '../..', path), 'utf8');
  const [page, sql] = await Promise.all([file('docs/database.md'), file('registry/migrations/0009_projects.sql')]);
  const tables = [...sql.matchAll(/create table if not exists (\w+) \(\n([\s\S]*?)\n\);/g)];
  assert.is(tables.length, 7);
  for (const [, table = '', body = ''] of tables) {
    assert.ok(page.includes(`\`${table}\``), table);
    const columns = [...body.matchAll(/^ {2}(\w+) (?:uuid|text|integer|boolean|jsonb|timestamptz|bigint)/gm)];
    for (const [, column] of columns) assert.ok(page.includes(`\`${column}\``), `${table}.${column}`);
  }
});

pages.run();
