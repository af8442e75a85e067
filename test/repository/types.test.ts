// timeout: 120
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readBuiltIns } from '../../host/builtins.ts';
import { typeFiles } from '../../host/repository/types.ts';
import { temporaryFolder, writeFiles } from '../stand/project.ts';
import { codeOf, git, repositoryStand } from './stand.ts';

const types = suite('types of the built-ins');
const ROOT = join(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/.bin/tsc');
const SETTINGS = JSON.stringify({
  compilerOptions: {
    strict: true,
    noEmit: true,
    target: 'es2024',
    lib: ['es2024'],
    types: [],
    module: 'nodenext',
    allowImportingTsExtensions: true,
  },
  exclude: ['node_modules'],
});

/** What a plain `tsc` says of a project; empty when nothing is wrong. */
async function check(dir: string): Promise<string> {
  await writeFiles(dir, { 'tsconfig.json': SETTINGS, 'package.json': '{ "type": "module", "private": true }' });
  return promisify(execFile)(TSC, ['-p', dir], { cwd: dir }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
}

const GOOD = `import type { Bundle } from '@aidbox-billing/built-in-activities/fhir/_types';
import type { BuiltInActivities } from '../manifests/types/built-in-activities.ts';
import { main as search } from '@aidbox-billing/built-in-activities/fhir/search';
import { main as alias } from '@aidbox-billing/fhir/transaction';
import type { BillingCaseContext } from '@aidbox-billing/built-in-activities/billing-case/fetch-context';
import { db, evaluate, fhir, http, log, run } from 'cloister';

export const description = 'Reads.';
export async function main(input: { caseId: string }): Promise<{ names: string[]; context: BillingCaseContext | null }> {
  const asked: BuiltInActivities['@aidbox-billing/built-in-activities/fhir/search']['Input'] = { url: 'Patient', params: { _count: 5 } };
  const { bundle } = await search(asked);
  const found: Bundle = bundle;
  await alias({ bundle: { resourceType: 'Bundle', type: 'transaction', entry: found.entry } });
  const { data, error } = await db.from('notes').select('*').eq('id', input.caseId).limit(1);
  const answer = await http.fetch('https://api.example.org');
  log.info(run.id, { data, error, status: answer.status, sum: await evaluate('1 + 1') });
  const patient = await fhir.read('Patient', 'p');
  return { names: (found.entry ?? []).map(({ resource }) => resource?.id ?? patient.resourceType), context: null };
}
`;

types(
  'API-56, CP-39: scripts written against the files type-check with a plain tsc, and wrong ones do not',
  async () => {
    const stand = await repositoryStand({ 'workflows/a.yaml': 'id: a\n' });
    try {
      const repository = stand.repository();
      await repository.sync();
      await repository.createBranch('feature', null);
      const dir = join(stand.worktrees, 'feature');
      await writeFiles(dir, { 'manifests/types/old.ts': 'left of an older host', 'manifests/mine.txt': 'mine' });
      const first = await repository.writeTypes('feature');
      assert.equal(first.written, [
        'manifests/types/built-in-activities.ts',
        'manifests/types/cloister.d.ts',
        'manifests/types/fhir/_types.ts',
        'manifests/types/modules.d.ts',
      ]);
      await writeFile(join(dir, 'manifests/types/cloister.d.ts'), 'edited by hand');
      assert.equal((await repository.writeTypes('feature')).branch, 'feature');
      assert.equal((await readdir(join(dir, 'manifests/types'))).sort(), [
        'built-in-activities.ts',
        'cloister.d.ts',
        'fhir',
        'modules.d.ts',
      ]);
      assert.equal((await readdir(join(dir, 'manifests'))).sort(), ['mine.txt', 'types']);
      assert.not((await readdir(stand.dir)).includes('manifests'), 'main is left alone');
      assert.is(await git(dir, 'log', '-1', '--format=%s'), 'a change', 'nothing is committed');

      await writeFiles(dir, { 'activities/good.ts': GOOD });
      assert.is(await check(dir), '');
      await writeFiles(dir, {
        'activities/bad.ts': GOOD.replace("url: 'Patient'", 'url: 5').replace('log.info', 'log.inform'),
      });
      const wrong = await check(dir);
      assert.match(wrong, /bad\.ts.*TS2322/);
      assert.match(wrong, /bad\.ts.*TS2339|bad\.ts.*TS2551/);
      assert.not.match(wrong, /good\.ts|manifests/);
    } finally {
      await stand.close();
    }
  },
);

types('the shipped example type-checks against them', async () => {
  const project = await temporaryFolder('example');
  try {
    await cp(join(ROOT, 'docs/examples/billing'), project.path, { recursive: true });
    for (const [path, text] of await typeFiles(await readBuiltIns(null))) {
      await writeFiles(join(project.path, 'manifests/types'), { [path]: text });
    }
    assert.is(await check(project.path), '');
  } finally {
    await project.remove();
  }
});

types(
  'every built-in has its import path, Input, Output and main; one without types is taken as it comes',
  async () => {
    const builtIns = await readBuiltIns(null);
    const files = await typeFiles(builtIns);
    const text = files.get('modules.d.ts') ?? '';
    for (const name of builtIns.keys()) {
      const [, body = ''] = text.split(`declare module '@aidbox-billing/built-in-activities/${name}' {\n`);
      const declared = body.split('\n}\n')[0] ?? '';
      if (name.includes('_')) continue;
      assert.match(files.get('built-in-activities.ts') ?? '', `'@aidbox-billing/built-in-activities/${name}': {`);
      for (const part of [
        /export (interface|type) Input/,
        /export (interface|type) Output/,
        /export function main\(/,
      ]) {
        assert.match(declared, part, name);
      }
    }
    const own = new Map([
      ['own/untyped', 'export const description = "x";\nexport async function main(input) { return input.a; }\n'],
      ['own/broken', 'export async function main( {'],
    ]);
    const loose = (await typeFiles(own)).get('modules.d.ts') ?? '';
    assert.is(loose.match(/export function main\(input: Input\): Promise<Output>;/g)?.length, 2, loose);
  },
);

types('a link of a commit leads no file out of the project', async () => {
  const outside = await temporaryFolder('outside');
  const stand = await repositoryStand({ 'workflows/a.yaml': 'id: a\n' });
  try {
    await symlink(outside.path, join(stand.desk, 'manifests'));
    await stand.publish({});
    const repository = stand.repository();
    await repository.sync();
    assert.is(await codeOf(repository.writeTypes(null)), 'GIT_FAILED');
    await git(stand.desk, 'rm', '-q', 'manifests');
    await mkdir(join(stand.desk, 'manifests'));
    await symlink(outside.path, join(stand.desk, 'manifests/types'));
    await stand.publish({});
    await repository.sync();
    assert.is(await codeOf(repository.writeTypes(null)), 'GIT_FAILED');
    assert.equal(await readdir(outside.path), []);
  } finally {
    await stand.close();
    await outside.remove();
  }
});

types('CP-39: nothing reads the files at run time', async () => {
  const areas = await readFile(join(ROOT, 'registry/source/areas.ts'), 'utf8');
  assert.not.match(areas, /manifests/);
});

types.run();
