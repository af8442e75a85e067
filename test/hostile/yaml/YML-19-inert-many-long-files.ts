// The parser is not ours: GHSA-48c2-rrv3-qjmp was found in it. Whatever the next one is, it ends with its process (test/registry/aside.test.ts).
import * as assert from 'uvu/assert';
import { parseAside } from '../../../registry/yaml/aside.ts';
import { MAX_YAML_TOKENS } from '../../../registry/yaml/document.ts';
import type { Attack } from '../harness/attack.ts';
import { laughs } from './parts/bombs.ts';

const LONG = `a: [${'1,'.repeat(15_000)}]`;

export const attack: Attack = {
  claim: 'long files of several projects are read at once beside the host, one after the other, and none is lost',
  act: async () => {
    const texts = [LONG, `${laughs(9)}\n${'#'.repeat(9_000)}`, '- '.repeat(30_000), `${LONG}\nb: [`, LONG];
    const documents = await Promise.all(texts.map((text) => parseAside(text, MAX_YAML_TOKENS)));
    assert.equal(
      documents.map(({ faults }) => faults.length > 0),
      [false, true, true, true, false],
    );
    assert.equal(documents[0], documents[4]);
  },
};
