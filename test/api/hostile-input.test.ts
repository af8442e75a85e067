// timeout: 180
/** What a hostile project and a hostile caller get over HTTP: 422 and 400 with the place, soon, and a host that goes on. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { laughs, lines } from '../hostile/yaml/parts/bombs.ts';
import { workflow } from '../hostile/yaml/parts/project.ts';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script } from '../stand/project.ts';
import { type Answer, caller } from './call.ts';

const hostile = suite('hostile input over the API');
let stand: TestHost;
let api: ReturnType<typeof caller>;

const ECHO = 'script: ./activities/echo.ts';

/** Workflow → its text and the problem that the answer must hold. */
const REFUSED: Readonly<Record<string, readonly [text: string, problem: RegExp]>> = {
  laughs: [laughs(9), /YAML_SYNTAX .*more than 20000 values/],
  merge: ['<<: { __proto__: { polluted: 1 } }', /YAML_SYNTAX .*the key/],
  deep: ['['.repeat(5_000), /YAML_SYNTAX/],
  dashes: ['- '.repeat(30_000), /YAML_SYNTAX/],
  tag: ['name: !!js/function "x"', /YAML_SYNTAX/],
  twice: ['id: twice\nid: twice', /YAML_SYNTAX .*again/],
  cycle: [workflow('cycle', 'a', `- { id: a, ${ECHO}, children: [a] }`), /TREE_CYCLE .*a → a/],
  many: [
    workflow(
      'many',
      'a',
      lines(9_000, (n) => `- {id: a${n}}`),
    ),
    /YAML_SYNTAX .*more than 80000 tokens/,
  ],
  call: [workflow('call', 'a', `- { id: a, ${ECHO}, params: { x: $now() } }`), /EXPRESSION_SYNTAX/],
  hidden: [
    `${lines(1_500, (n) => `x${n}: 1`)}\n${workflow('hidden', 'a', `- { id: a, ${ECHO}, children: [a] }`)}`,
    /TREE_CYCLE/,
  ],
  around: [workflow('around', 'a', '- { id: a, childWorkflow: around }'), /CHILD_WORKFLOW_CYCLE/],
};

/** An answer comes within this; it takes a fraction of it where nobody else is at work. */
const SOON_MS = 10_000;

hostile.before(async () => {
  const texts = Object.entries(REFUSED).map(([id, [text]]) => [`workflows/${id}.yaml`, text] as const);
  stand = await testHost({
    ...script('echo', 'return input;'),
    'activities/endless.ts': `export const x = ${'('.repeat(5e5)}1${')'.repeat(5e5)};`,
    'workflows/good.yaml': workflow('good', 'a', `- { id: a, ${ECHO}, params: { constructor: $input.constructor.x } }`),
    'workflows/endless.yaml': workflow('endless', 'a', '- { id: a, script: ./activities/endless.ts }'),
    ...Object.fromEntries(texts),
  });
  api = caller(stand.host.url);
});
hostile.after(() => stand.close());

function assertRefused({ status, body }: Answer, expected: number): string {
  const text = JSON.stringify(body);
  assert.is(status, expected, text.slice(0, 500));
  assert.type(body.requestId, 'string');
  assert.not.match(text, /node_modules|\.ts:\d+:\d+\)|at async|\/host\//);
  return text;
}

async function soon<T>(work: Promise<T>): Promise<T> {
  const began = performance.now();
  const value = await work;
  assert.ok(performance.now() - began < SOON_MS, `it took ${performance.now() - began} ms`);
  return value;
}

for (const [id, [, problem]] of Object.entries(REFUSED)) {
  hostile(`a run of workflow "${id}" is refused with 422 and its problem`, async () => {
    const answer = await soon(api.post(`/workflows/${id}/run`, {}));
    assertRefused(answer, 422);
    const problems: readonly Record<string, string>[] = answer.body.problems;
    const told = problems.map(({ code, where, found }) => `${code} ${where} ${found}`).join('\n');
    assert.match(told, problem);
    assert.ok(problems.every(({ file }) => file === `workflows/${id}.yaml`));
  });
}

hostile('the list shows every workflow, broken ones with their problems, soon', async () => {
  const { status, body } = await soon(api.get('/workflows'));
  assert.is(status, 200);
  const valid = body.workflows.filter((each: { valid: boolean }) => each.valid).map((each: { id: string }) => each.id);
  assert.equal(valid, ['endless', 'good']);
});

hostile('names out of prototypes and paths name no workflow', async () => {
  const ids = [
    '__proto__',
    'constructor',
    'toString',
    '..',
    '..%2f..%2fetc',
    'good%00',
    'good%0a',
    '%2e%2e',
    'x'.repeat(2_000),
  ];
  for (const id of ids) {
    const { status } = await api.post(`/workflows/${id}/run`, {});
    assert.ok(status === 404 || status === 400, `${id}: ${status}`);
  }
});

hostile('a malformed request is 400', async () => {
  for (const body of ['{', '[]', '"x"', '1', '\u0000', `${'['.repeat(100_000)}`, '{"a":1}x']) {
    assertRefused(await soon(api.post('/workflows/good/run', body)), 400);
  }
  for (const branch of ['-x', '..', 'a..b', 'x%00', 'refs/../x', '--upload-pack=touch%20x']) {
    assertRefused(await api.get(`/workflows?branch=${branch}`), 400);
  }
});

hostile('a declaration that cannot be, and a dependency that is refused, stop runs with a reason', async () => {
  await stand.write({ 'cloister.yaml': 'http: { allow: ["https://x:99999"] }\n' });
  assert.match(assertRefused(await api.post('/workflows/good/run', {}), 422), /cloister\.yaml/);
  const dependencies = { evil: 'git+ssh://git@127.0.0.1/x.git' };
  await stand.write({ 'cloister.yaml': '', 'package.json': JSON.stringify({ dependencies }) });
  assert.match(assertRefused(await api.post('/workflows/good/run', {}), 503), /DEPENDENCY_REFUSED/);
  await stand.write({ 'package.json': '{}' });
});

hostile('a script that ends its build fails its activity, and the host goes on', async () => {
  const broken = await stand.run('endless');
  assert.equal([broken.status, activityOf(broken, 'a').error?.code], ['failed', 'BUILD_FAILED']);
  const input = JSON.parse('{ "constructor": { "x": 1 }, "toString": 2 }');
  const good = await stand.run('good', input);
  assert.equal([good.status, activityOf(good, 'a').output], ['completed', {}]);
});

hostile.run();
