import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { buildEach, MAIN } from './parts/build.ts';

export const attack: Attack = {
  claim: 'a comment that names a source map is never followed, to a file or to the network',
  act: async (world) => {
    const { file, port } = world.canaries;
    const urls = [`file://${file}`, file, `../../../../../..${file}`, `http://127.0.0.1:${port}/x.map`];
    const marks = ['//#', '//@'].flatMap((mark) => [`${mark} sourceMappingURL=`, `${mark} sourceURL=`]);
    const sources = urls.flatMap((url) => marks.map((mark) => `${MAIN}${mark}${url}`));
    const outcomes = await buildEach(world, [...sources, `${MAIN}/*# sourceMappingURL=${file} */`]);
    for (const outcome of outcomes) assert.equal(outcome.ok && outcome.exports, ['main']);
    const codes = outcomes.map((outcome) => (outcome.ok ? outcome.bundle.code.replace(/project:\S+/, '') : ''));
    assert.is(new Set(codes).size, 1, 'the comments must leave no trace');
  },
};
