// timeout: 180
import { createServer } from 'node:net';
import { Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Family } from '../runner/family.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { cloister, type Running, start } from './command.ts';

const dev = suite('cloister dev');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: Running;
let family: Family;
let url: string;

const project = (word: string) => ({
  ...script('hello', `log.info('saying'); return ${JSON.stringify(word)};`, "import { log } from 'cloister';"),
  ...workflow('hello', { rootChildren: ['say'], activities: [{ id: 'say', script: './activities/hello.ts' }] }),
});

dev.before(async () => {
  folder = await temporaryFolder('dev');
  await writeFiles(`${folder.path}/project`, project('first'));
  await writeFiles(`${folder.path}/other`, project('other'));
  host = start(folder.path, 'dev', '--project', 'project', '--port', '0');
  family = new Family(host.child.pid ?? 0);
  const links = await host.until('stdout', /Ctrl-C/);
  url = String(/API +(http:\S+)\/workflows/.exec(links)?.[1]);
});
dev.after(async () => {
  host.child.kill('SIGTERM');
  await host.ended;
  await folder.remove();
});

const said = (stdout: string) => /✔ say {2}completed +\d+ ms {2}(\w+)/.exec(stdout)?.[1];

dev('prints where the API, Temporal and FHIR are', async () => {
  const links = await host.until('stdout', /Ctrl-C/);
  for (const name of ['API', 'Temporal', 'FHIR']) {
    const link = String(new RegExp(`^${name} +(http://127\\.0\\.0\\.1:\\d+.*)$`, 'm').exec(links)?.[1]);
    assert.ok((await fetch(link)).ok, link);
  }
  const connection = await Connection.connect({ address: String(/^gRPC +(127\.0\.0\.1:\d+) /m.exec(links)?.[1]) });
  await connection.close();
});

dev('in an empty folder it runs workers of projects alone, and the link leads to them', async () => {
  const empty = await temporaryFolder('dev-empty');
  const alone = start(empty.path, 'dev', '--port', '0');
  const links = await alone.until('stdout', /Ctrl-C/);
  const link = String(/^API +(http:.*)$/m.exec(links)?.[1]);
  const answer = await fetch(link);
  const body = await answer.json();
  const refused = (await (await fetch(new URL('/workflows', link))).json()) as { code: string; expected: string };
  alone.child.kill('SIGTERM');
  const { stderr } = await alone.ended;
  await empty.remove();
  assert.equal([answer.status, body], [200, { projects: [] }]);
  assert.match(stderr, /runs workers of projects alone/);
  assert.is(refused.code, 'PROJECT_UNUSABLE');
  assert.match(refused.expected, /those of projects are below \/projects/);
});

dev('run --api runs there; an edit counts from the next run on', async () => {
  const first = await cloister(folder.path, 'run', 'hello', '--api', `${url}/`);
  assert.equal([first.code, said(first.stdout), first.stderr], [0, 'first', '']);
  await writeFiles(`${folder.path}/project`, project('second'));
  const second = await cloister(folder.path, 'run', 'hello', '--api', url, '--json');
  assert.is(second.code, 0);
  assert.is(JSON.parse(second.stdout).activities[0].output, 'second');
  await host.until('stderr', /say info: saying/);
});

dev('run without --api uses the host that serves the project, and says so', async () => {
  const { code, stdout, stderr } = await cloister(folder.path, 'run', 'hello', '--project', 'project');
  assert.equal([code, said(stdout)], [0, 'second']);
  assert.is(stderr, `using the host at ${url}, which serves this project\n`);
});

dev('a host of another project on the same data folder exits 2 and says what to do', async () => {
  for (const args of [
    ['run', 'hello', '--project', 'other'],
    ['dev', '--project', 'other'],
    ['dev', '--project', 'project'],
  ]) {
    const { code, stdout, stderr } = await cloister(folder.path, ...args);
    assert.equal([code, stdout], [2, '']);
    assert.match(stderr, /the data folder .* is in use by the host at http/);
    assert.ok(stderr.includes(`--api ${url}`) && stderr.includes('CLOISTER_DATA_DIR'), stderr);
    assert.not.match(stderr, /^ {4}at /m);
  }
});

dev('a port in use exits 2 and names it', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const elsewhere = await temporaryFolder('dev-port');
  await writeFiles(elsewhere.path, project('x'));
  const { code, stderr } = await cloister(elsewhere.path, 'dev', '--port', String(port));
  taken.close();
  await elsewhere.remove();
  assert.is(code, 2);
  assert.match(stderr, new RegExp(`port ${port} is in use; give another with --port`));
  assert.not.match(stderr, /^ {4}at /m);
});

dev('SIGTERM stops it with 0, and nothing stays behind', async () => {
  host.child.kill('SIGTERM');
  const { code, stderr } = await host.ended;
  assert.is(code, 0, stderr);
  assert.match(stderr, /stopping…/);
  assert.equal(await family.leftOver(3000), []);
});

dev.run();
