import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wrongImports } from './rules.ts';
import { parseSource, sourcesOf } from './source.ts';

const test = suite('imports');

const importing = (path: string, text: string) => wrongImports(parseSource(path, text));

test('every folder imports what it may, and nothing else', async () => {
  const sources = await sourcesOf('host', 'sandbox', 'registry', 'plugins', 'test');
  assert.ok(sources.length > 20);
  assert.equal(sources.flatMap(wrongImports), []);
});

test('isolated-vm is imported by one file, in the sandbox', async () => {
  const sources = await sourcesOf('host', 'sandbox', 'registry', 'plugins');
  const users = sources.filter(({ imports }) => imports.some(({ from }) => from === 'isolated-vm'));
  assert.is(users.length, 1, users.map(({ path }) => path).join(', '));
  assert.match(users[0]?.path ?? '', /^sandbox\//);
});

test('process.env is read by host/env.ts, by the door before it, and by the wall of a cell that wants it empty', async () => {
  const sources = await sourcesOf('host', 'sandbox', 'registry', 'plugins');
  const reads = sources.flatMap(({ path, environmentReads }) => (environmentReads.length > 0 ? [path] : []));
  assert.equal(reads, ['host/bootstrap.mjs', 'host/env.ts', 'sandbox/cell/walls.ts']);
});

test('a wrong import is named with file and line, in each direction', () => {
  assert.equal(importing('sandbox/a.ts', "\nimport { x } from '../host/b.ts';"), [
    'sandbox/a.ts:2 imports ../host/b.ts: sandbox imports none of the other folders',
  ]);
  assert.is(importing('registry/a.ts', "import type { X } from '../sandbox/contract.ts';").length, 1);
  assert.is(importing('host/a.ts', "export * from '../sandbox/pool.ts';").length, 1);
  assert.is(importing('host/a/b.ts', "type P = import('../../sandbox/pool.ts').P;").length, 1);
  assert.is(importing('host/a.ts', "await import('../test/index.ts');").length, 1);
  assert.is(importing('host/a.ts', "import { Plan } from '../registry/plan.ts';").length, 1);
  assert.is(importing('plugins/fhir/a.ts', "import { readFile } from 'node:fs';").length, 1);
  assert.is(importing('plugins/fhir/a.ts', "import { x } from '../../host/env.ts';").length, 1);
});

test('a workflow file may not import Node, packages or the host', () => {
  const path = 'host/temporal/workflows/a.ts';
  assert.is(importing(path, "import { proxyActivities } from '@temporalio/workflow';").length, 0);
  assert.is(importing(path, "import type { Plan } from '../../../registry/plan.ts';").length, 0);
  assert.is(importing(path, "import { walk } from './walk.ts';").length, 0);
  assert.is(importing(path, "import { randomUUID } from 'node:crypto';").length, 1);
  assert.is(importing(path, "import type { Hash } from 'node:crypto';").length, 1);
  assert.is(importing(path, "import { codes } from '../../codes.ts';").length, 1);
  assert.is(importing(path, "import pino from 'pino';").length, 1);
});

test('the doors and the contracts are open to the host', () => {
  assert.is(importing('host/a.ts', "import { openSandbox } from '../sandbox/index.ts';").length, 0);
  assert.is(importing('host/a.ts', "import type { Plan } from '../registry/plan.ts';").length, 0);
  assert.is(importing('plugins/fhir/a.ts', "import { fhir } from 'cloister';").length, 0);
});

test('each way to read the environment is seen', () => {
  const reads = (text: string) => parseSource('host/a.ts', text).environmentReads;
  assert.equal(reads('\nconst a = process.env.HOME;'), [2]);
  assert.equal(reads('const { env } = process;'), [1]);
  assert.equal(reads("import { env } from 'node:process';"), [1]);
  assert.equal(reads("const a = 'process.env'; // process.env"), []);
});

test.run();
