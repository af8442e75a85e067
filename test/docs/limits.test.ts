import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readPage, withLimits } from './limits.ts';

const limits = suite('limits of a script');

limits('docs/writing-a-script.md tells the defaults and ceilings of the code', async () => {
  const page = await readPage();
  assert.is(page, withLimits(page), 'docs/writing-a-script.md is out of date: run node test/docs/limits.ts');
});

limits.run();
