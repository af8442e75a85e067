// With --write this rewrites the table in the page instead of comparing it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VARIABLES } from '../../host/env/variables.ts';
import { root } from './source.ts';

const test = suite('configuration');
const PAGE = join(root, 'docs', 'configuration.md');
const TABLE = /(?<=<!-- variables -->\n)[\s\S]*(?=\n<!-- end -->)/;

function table(): string {
  const rows = Object.values(VARIABLES).map(({ name, unset, kind, secret, meaning }) => {
    return `| \`${name}\` | ${unset} | ${kind.expected}${secret ? '; secret' : ''} | ${meaning} |`;
  });
  return ['| variable | unset | value | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

if (process.argv.includes('--write')) {
  await writeFile(
    PAGE,
    (await readFile(PAGE, 'utf8')).replace(TABLE, () => table()),
  );
}

test('docs/configuration.md lists exactly the variables that are read', async () => {
  const [written] = TABLE.exec(await readFile(PAGE, 'utf8')) ?? [];
  assert.is(written, table(), 'rewrite it: node test/checks/configuration.test.ts --write');
});

test.run();
