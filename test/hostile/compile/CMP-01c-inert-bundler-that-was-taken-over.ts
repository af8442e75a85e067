import * as assert from 'uvu/assert';
import { buildWalls } from '../../../sandbox/process.ts';
import type { Attack } from '../harness/attack.ts';
import { outputOfChild } from './parts/child.ts';

/** What a hostile source could do if it took over the bundler: the walls of its process hold by themselves. */
export const attack: Attack = {
  claim:
    'code that runs in the place of the bundler reads no file, starts nothing, reaches no network and sees no variable',
  act: async (world) => {
    const { file, socket, port } = world.canaries;
    const output = await outputOfChild(buildWalls(), [
      `require('fs').readFileSync(${JSON.stringify(file)}, 'utf8')`,
      `require('fs').readdirSync('/')`,
      `require('fs').writeFileSync('/tmp/cloister-written', 'x')`,
      `require('fs').symlinkSync(${JSON.stringify(file)}, './link')`,
      `require('child_process').execSync('cat ' + ${JSON.stringify(file)}).toString()`,
      `new (require('worker_threads').Worker)('1', { eval: true })`,
      `new Promise((_, no) => require('net').connect(${port}, '127.0.0.1').on('error', no))`,
      `new Promise((_, no) => require('net').connect(${JSON.stringify(socket)}).on('error', no))`,
      `process.binding('fs').open(${JSON.stringify(file)}, 0, 0o666)`,
      `Object.keys(process.env).filter((name) => !name.startsWith('__CF')).length`,
    ]);
    world.seen.push(...output);
    assert.equal(output.slice(-1), ['0']);
    for (const line of output.slice(0, -1)) assert.match(line, /^refused ERR_(ACCESS_DENIED|INVALID_MODULE)|refused$/);
  },
};
