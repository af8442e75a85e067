// With `install-links` npm copies a folder of the host, another tenant's project, into node_modules, where a script may import
// its JSON. The field's way in was a link or a path out of the folder of a build: windmill-labs/windmill#9703.
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { inFolder } from '../yaml/parts/project.ts';
import { install, refusedDependencies } from './parts/npm.ts';

export const attack: Attack = {
  claim:
    'a dependency that is a folder or a file of the host is refused; so is a place out of the project in lock or workspaces',
  act: (world) => {
    const token = JSON.stringify({ token: world.canaries.tokens.get('file') });
    return inFolder({ 'package.json': '{"name":"other","version":"1.0.0"}', 'secret.json': token }, async (other) => {
      const ways = [
        other,
        `file:${other}`,
        `file://${other}`,
        'file:../other',
        'file:./a/../../other',
        'link:../other',
        '../other',
        '~/other',
      ];
      const coded = [
        'file:%2e%2e/other.tgz',
        'file:..\\other.tgz',
        `file:${other}/x.tgz`,
        'file:./../x.tgz',
        '../x.tgz',
        'x.tgz',
        'file:.',
      ];
      for (const spec of [...ways, ...coded]) await refusedDependencies(world, { other: spec });
      for (const name of ['../evil', '..', 'a/b', '.hidden', '/abs'])
        await refusedDependencies(world, { [name]: '1.0.0' }, []);
      const project = (extra: object) => JSON.stringify({ dependencies: { a: '1.0.0' }, ...extra });
      for (const workspaces of [['../*'], { packages: [other] }, ['a/../../b']]) {
        assert.match(
          await install(world, { 'package.json': project({ workspaces }) }),
          /^DEPENDENCY_REFUSED workspaces/,
        );
      }
      for (const lock of locks(other)) {
        const files = {
          'package.json': project({}),
          'package-lock.json': JSON.stringify(lock),
          '.npmrc': 'install-links=true\n',
        };
        assert.match(await install(world, files), /^DEPENDENCY_REFUSED lock file/, JSON.stringify(lock));
      }
    });
  },
};

function locks(other: string): object[] {
  const places = [
    '../evil',
    'node_modules/../../evil',
    '/evil',
    'node_modules/a/node_modules/../../../../evil',
    '~/evil',
  ];
  return [
    ...places.map((place) => ({ lockfileVersion: 3, packages: { [place]: { version: '1.0.0' } } })),
    { lockfileVersion: 3, packages: { 'node_modules/a': { resolved: other, link: true } } },
    { lockfileVersion: 3, packages: { 'node_modules/a': { resolved: `file:${other}` } } },
    { lockfileVersion: 1, dependencies: { a: { version: `file:${other}` } } },
    { lockfileVersion: 1, dependencies: { a: { version: '1.0.0', dependencies: { '../b': { version: '1.0.0' } } } } },
  ];
}
