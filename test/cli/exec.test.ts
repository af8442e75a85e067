// timeout: 120
import { readdir } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openDataFolder } from '../../host/folder.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { cloister } from './command.ts';

const exec = suite('cloister exec');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

const FILES = {
  ...workflow('none', { rootChildren: [], activities: [] }),
  ...script('echo', "log.info('called', { input });\nreturn { got: input };", "import { log } from 'cloister';"),
  ...script('fail', "throw new Error('no coverage\\u001b[2Jfound');"),
  ...script(
    'patient',
    "const made = await fhir.create({ resourceType: 'Patient' });\nreturn { id: (await fhir.read('Patient', made.id)).id === made.id };",
    "import { fhir } from 'cloister';",
  ),
  'activities/torn.ts': 'export async function main() {\n  return (;\n}\n',
  'activities/empty.ts': 'export const description = "no main";\n',
  'input.json': '{"word":"from a file"}',
};

exec.before(async () => {
  folder = await temporaryFolder('exec');
  await writeFiles(folder.path, FILES);
});
exec.after(async () => {
  await folder.remove();
});

exec('the output goes to stdout, what it logs to stderr', async () => {
  const { code, stdout, stderr } = await cloister(
    folder.path,
    'exec',
    './activities/echo.ts',
    '--input',
    '{"word":"hi"}',
  );
  assert.is(code, 0, stderr);
  assert.equal(JSON.parse(stdout), { got: { word: 'hi' } });
  assert.match(stderr, /^info: called \{"input":\{"word":"hi"\}\}$/m);
  assert.match(stderr, /^cpu [\d.]+ ms, wall [\d.]+ ms, \d+ calls$/m);
});

exec('--json is exactly one object of the documented form', async () => {
  const { code, stdout, stderr } = await cloister(
    folder.path,
    'exec',
    'activities/echo.ts',
    '--input',
    '@input.json',
    '--json',
  );
  assert.equal([code, stderr], [0, '']);
  const report = JSON.parse(stdout);
  assert.equal(Object.keys(report), ['ok', 'output', 'logs', 'cpuMs', 'wallMs', 'calls']);
  assert.equal([report.ok, report.output], [true, { got: { word: 'from a file' } }]);
  assert.is(report.logs[0].message, 'called');
  const failed = await cloister(folder.path, 'exec', 'activities/fail.ts', '--json');
  assert.is(failed.code, 1);
  const { ok, error, ...rest } = JSON.parse(failed.stdout);
  assert.equal([ok, Object.keys(error), error.code], [false, ['code', 'message'], 'SCRIPT_ERROR']);
  assert.equal(Object.keys(rest), ['logs', 'cpuMs', 'wallMs', 'calls']);
});

exec('an error names the file and line of the script, and cannot clear the screen', async () => {
  const { code, stdout, stderr } = await cloister(folder.path, 'exec', './activities/fail.ts');
  assert.equal([code, stdout], [1, '']);
  assert.match(stderr, /^SCRIPT_ERROR: no coverage.*found$/m);
  assert.match(stderr, /activities\/fail\.ts:4:\d+/);
  assert.not.ok(stderr.includes('\u001b'));
});

exec('a script that does not build exits 2 with its place, in JSON too', async () => {
  const torn = await cloister(folder.path, 'exec', './activities/torn.ts');
  assert.equal([torn.code, torn.stdout], [2, '']);
  assert.match(torn.stderr, /does not build\nactivities\/torn\.ts:2:\d+ error/);
  const empty = await cloister(folder.path, 'exec', './activities/empty.ts', '--json');
  assert.is(empty.code, 2);
  const report = JSON.parse(empty.stdout);
  assert.equal([report.ok, report.error.code], [false, 'MAIN_MISSING']);
  const none = await cloister(folder.path, 'exec', './activities/none.ts');
  assert.is(none.code, 2);
  assert.match(none.stderr, /SCRIPT_NOT_FOUND/);
});

exec(
  'a script acts for --tenant, also while another host holds the data folder, and leaves nothing behind',
  async () => {
    const args = ['exec', './activities/patient.ts', '--tenant', 'org-1', '--json'];
    const first = await cloister(folder.path, ...args);
    assert.is(first.code, 0, first.stdout + first.stderr);
    assert.is(JSON.parse(first.stdout).calls, 2);
    const held = await openDataFolder(`${folder.path}/.cloister`);
    const second = await cloister(folder.path, ...args);
    await held.close();
    assert.is(second.code, 0, second.stderr);
    assert.match(second.stderr, /is in use by .*empty FHIR server/);
    assert.not.ok((await readdir(`${folder.path}/.cloister`)).some((name) => name.startsWith('exec-')));
  },
);

exec.run();
