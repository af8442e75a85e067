import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { main } from '../../host/cloister.ts';
import { temporaryFolder, writeFiles } from '../stand/project.ts';
import { cloister, type Ended } from './command.ts';

const usage = suite('wrong usage of the command line');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

const before = process.cwd();

usage.before(async () => {
  folder = await temporaryFolder('usage');
  process.chdir(folder.path);
  await writeFiles(folder.path, { 'list.json': '[]', 'hello/workflows/hello.yaml': 'id: hello\nrootChildren: []\n' });
});
usage.after(async () => {
  process.chdir(before);
  await folder.remove();
});

/** Command line → what the answer says. All end with 2, without a stack, and write nothing to stdout. */
const WRONG: readonly (readonly [string, RegExp])[] = [
  ['bogus', /unknown command "bogus", expected one of: dev, start, run, check, exec, demo/],
  ['chekc', /did you mean check\?/],
  ['check --bogus', /Unknown option '--bogus'\nexpected: cloister check/],
  ['run hello --jsno', /did you mean --json\?/],
  ['check --project', /argument missing/],
  ['check a b', /found "b", expected: cloister check/],
  ['check hello --project other', /found hello and --project other/],
  ['check nowhere', /PROJECT_NOT_FOUND: .*nowhere/],
  ['check .', /PROJECT_EMPTY/],
  ['run', /found no workflow/],
  ['run hello --project nowhere', /PROJECT_NOT_FOUND/],
  ['run hell --project hello', /found no "hell" in the project, expected one of: hello; did you mean hello\?/],
  ['run hello --project hello --branch a..b', /BRANCH_INVALID/],
  ['run hello --project hello --branch x', /BRANCH_NOT_FOUND/],
  ['run hello --project hello --input [1]', /--input: found a list, expected a JSON object/],
  ['run hello --project hello --input {', /--input: found .*JSON/],
  ['run hello --project hello --input @none.json', /--input: found no file none\.json/],
  ['run hello --project hello --input @list.json', /--input: found a list/],
  ['run hello --project hello --tenant a/b', /--tenant: found "a\/b"/],
  ['run hello --api nothing', /--api: found "nothing", expected the URL/],
  ['run hello --project hello --api http://127.0.0.1:1', /--project and --api/],
  ['exec', /found no script/],
  ['exec x.ts --project nowhere', /PROJECT_NOT_FOUND/],
  ['exec x.ts --tenant ..', /--tenant: found "\.\."/],
  ['dev --port abc', /--port: found "abc", expected a number from 0 to 65535/],
  ['dev --project nowhere', /PROJECT_NOT_FOUND/],
  ['demo please', /found "please"/],
];

function assertWrong({ code, stdout, stderr }: Ended, expected: RegExp): void {
  assert.match(stderr, expected);
  assert.not.match(stderr, /^ {4}at /m);
  assert.ok(stderr.split('\n').length <= 4, stderr);
  assert.equal([code, stdout], [2, '']);
}

/** Runs a command in this process: a new one for each wrong word would take most of the time to start. */
async function here(...args: string[]): Promise<Ended> {
  const text = { stdout: '', stderr: '' };
  const { stdout, stderr } = process;
  const writes = { stdout: stdout.write, stderr: stderr.write };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((chunk: string) => {
      text[name] += chunk;
      return true;
    }) as typeof stdout.write;
  }
  try {
    return { code: await main(args), ...text };
  } finally {
    Object.assign(stdout, { write: writes.stdout });
    Object.assign(stderr, { write: writes.stderr });
  }
}

for (const [line, expected] of WRONG) {
  usage(`cloister ${line}`, async () => {
    assertWrong(await here(...line.split(' ')), expected);
  });
}

usage('a process of its own answers the same, as its exit code too', async () => {
  for (const [line, expected] of WRONG.filter(([line]) => /^(bogus|check nowhere|run hell )/.test(line))) {
    assertWrong(await cloister(folder.path, ...line.split(' ')), expected);
  }
});

usage('--help tells every command, and each command its options', async () => {
  const all = await here('--help');
  assert.is(all.code, 0);
  for (const name of ['dev', 'start', 'run', 'check', 'exec', 'demo']) {
    assert.match(all.stdout, new RegExp(`^  ${name} `, 'm'));
    const one = await here(name, '--help');
    assert.equal([one.code, one.stderr], [0, '']);
    assert.ok(one.stdout.startsWith(`cloister ${name}`));
  }
  assert.match((await here('run', '-h')).stdout, /--tenant ID {4}the Organization/);
  assert.is((await here()).code, 2);
});

usage('a host that is not there is one line and exit code 1', async () => {
  const { code, stderr } = await here('run', 'hello', '--api', 'http://127.0.0.1:9');
  assert.is(code, 1);
  assert.match(stderr, /^no host answers at http:\/\/127\.0\.0\.1:9: .*\n$/);
});

usage.run();
