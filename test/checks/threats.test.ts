/** docs/threats.md names attacks and tests: all of them exist, and no defence that is taken out is left unsaid. */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { casesOf, GROUPS } from '../hostile/harness/cases.ts';
import { BUILDS } from '../hostile/weakened/builds.ts';
import { COMPILE_BUILDS } from '../hostile/weakened/compile.ts';
import { root } from './source.ts';

const test = suite('threats');
const page = await readFile(join(root, 'docs', 'threats.md'), 'utf8');
const ids = new Set((await Promise.all(GROUPS.map((group) => casesOf(group)))).flat().map(({ id }) => id));

test('every attack that docs/threats.md names is in the catalogue', () => {
  const named = [...page.matchAll(/\b(?:SBX|BRG|CMP|RES|YML|NET|FHR|DBT)-\d\d[a-z]?\b/g)].map(([id]) => id);
  assert.ok(named.length > 100);
  assert.equal(
    named.filter((id) => !ids.has(id)),
    [],
  );
});

test('every test that it names exists', async () => {
  const links = [...page.matchAll(/\]\(\.\.\/(test\/[^)#]+)\)/g)].map(([, path = '']) => path);
  assert.ok(links.length > 20);
  for (const path of links) await access(join(root, path));
});

test('every defence that is taken out of a copy stands in it, with the attacks that succeed then', () => {
  const missing = [...BUILDS, ...COMPILE_BUILDS].flat().filter(({ defence, red }) => {
    return !page.includes(`| ${defence.replaceAll('|', '\\|')} | ${Object.keys(red).join(', ')} |`);
  });
  assert.equal(
    missing.map(({ defence }) => defence),
    [],
  );
});

test('what takes a defence out finds it in the sources, once', async () => {
  const edits = [...BUILDS, ...COMPILE_BUILDS].flat().flatMap((weakening) => weakening.edits);
  for (const { file, from } of edits) {
    const times = (await readFile(join(root, file), 'utf8')).split(from).length - 1;
    assert.is(times, 1, `${file}: ${from}`);
  }
});

test.run();
