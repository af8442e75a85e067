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

pages.run();
