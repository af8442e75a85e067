// A project's .npmrc chose the program that npm starts as git: cdxgen/cdxgen#3813. It may as well choose where npm writes.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { inFolder } from '../yaml/parts/project.ts';
import { install } from './parts/npm.ts';

const SETTINGS = [
  'git=./evil.sh',
  '"git"=./evil.sh',
  'git[]=./evil.sh',
  'script-shell=./evil.sh',
  'node-options=--require=./evil.js',
  'prefix=/tmp',
  'cafile=/etc/passwd',
  'https-proxy=http://127.0.0.1/',
  'strict-ssl=false',
  'userconfig=/etc/passwd',
  'logs-dir=/tmp',
  '//127.0.0.1/:certfile=/etc/passwd',
  '$' + '{HOME}=x',
  '[section]',
];

export const attack: Attack = {
  claim:
    'an .npmrc of a project says where a registry is and how to log in there, nothing else; npm writes in the project only',
  act: (world) =>
    inFolder({}, async (dir) => {
      const manifest = '{"dependencies":{"a":"1.0.0"}}';
      for (const setting of [`cache=${join(dir, 'cache')}`, ...SETTINGS]) {
        const outcome = await install(world, {
          'package.json': manifest,
          '.npmrc': `; fine\nregistry=http://127.0.0.1\r${setting}\n`,
        });
        assert.match(outcome, /^DEPENDENCY_REFUSED \.npmrc: found "/, setting);
      }
      assert.is(await stat(join(dir, 'cache')).catch(() => null), null);
      const fine = 'registry=http://127.0.0.1:1/\n@a:registry = http://127.0.0.1:1/\n//127.0.0.1:1/:_authToken=x\n';
      assert.match(await install(world, { 'package.json': manifest, '.npmrc': fine }), /^NPM_INSTALL_FAILED /);
    }),
};
