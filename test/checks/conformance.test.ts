import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './source.ts';

const test = suite('conformance');
const PAGE = join(root, 'docs', 'conformance.md');
const PROOF = /\]\(\.\.\/(test\/[^)]+)\)(?:: "([^"]+)")?/g;

test('every test that docs/conformance.md names exists and makes the claim it is named for', async () => {
  const page = await readFile(PAGE, 'utf8');
  const missing: string[] = [];
  for (const [, file = '', claim] of page.matchAll(PROOF)) {
    const text = await readFile(join(root, file), 'utf8').catch(() => null);
    if (text === null) missing.push(file);
    else if (claim !== undefined && !text.includes(claim)) missing.push(`${file}: "${claim}"`);
  }
  assert.equal(missing, []);
});

test('every line of the checklists of config projects, the control plane and project workers is answered', async () => {
  const page = await readFile(PAGE, 'utf8');
  const answered = new Set([...page.matchAll(/^\| ((?:CP|API|PW)-\d+) \|.*\| \S.* \|$/gm)].map(([, line]) => line));
  const expected = [...numbered('CP', 48), ...numbered('API', 62), ...numbered('PW', 45)];
  assert.equal(
    expected.filter((line) => !answered.has(line)),
    [],
  );
});

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
}

test.run();
