// timeout: 90
/** PW-18: the seven activities of every project, called from a run, in a cell. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApplicationFailure } from '@temporalio/common';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readBuiltIns, readSamples } from '../../host/builtins.ts';
import { openStage } from './activities/stage.ts';

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    if (pathname === '/text') return void response.end('plain');
    response.writeHead(pathname === '/missing' ? 404 : 200, { 'content-type': 'application/json; charset=utf-8' });
    const { method, headers } = request;
    response.end(JSON.stringify({ method, type: headers['content-type'], body: Buffer.concat(chunks).toString() }));
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const stage = await openStage(origin);
const test = suite('sample activities');
const project = await stage.project({});
await stage.work(() => project);
const call = (name: string, input: unknown, over = {}) => stage.call(project, name, [input], over);

/** The failure of a call: type, whether it is final, and message. */
async function refused(name: string, input: unknown): Promise<string> {
  const failure = await call(name, input).then(
    () => 'no failure',
    (error: unknown) => error,
  );
  if (!(failure instanceof ApplicationFailure)) return String(failure);
  return `${failure.type} ${failure.nonRetryable ? 'final' : 'again'} ${failure.message}`;
}

test.after(async () => {
  await stage[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

test('each is listed for every project, and none is a script of workflows in YAML', async () => {
  const names = [...(await readSamples()).keys()].filter((name) => !name.startsWith('_')).sort();
  const listed = (await stage.code.load(project)).activities.filter(({ kind }) => kind === 'built-in');
  assert.equal(
    listed.map(({ name }) => name),
    names,
  );
  assert.is(names.length, 7);
  assert.not.ok([...(await readBuiltIns(null)).keys()].some((name) => name.startsWith('samples')));
});

test('sampleActivity and buildPackage answer as documented', async () => {
  const { processedAt, ...rest } = (await call('sampleActivity', { message: 'Hello World' })) as {
    processedAt: string;
  };
  assert.equal(rest, { success: true, message: 'Hello World' });
  assert.match(processedAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const built = (await call('buildPackage', { packageName: 'my-package', version: '1.0.0' })) as { buildTime: number };
  assert.type(built.buildTime, 'number');
  assert.equal(
    { ...built, buildTime: 12 },
    {
      success: true,
      packageName: 'my-package',
      buildTime: 12,
      artifacts: ['my-package-1.0.0.tgz'],
    },
  );
  assert.is(
    await refused('buildPackage', { packageName: 'x' }),
    'ACTIVITY_ARGUMENT final buildPackage.version: found nothing, expected text',
  );
});

test('httpRequest sends JSON, parses JSON, returns what failed, and throws for what it may not reach', async () => {
  const got = (await call('httpRequest', { url: `${origin}/text` })) as Record<string, unknown>;
  assert.equal([got.status, got.statusText, got.data], [200, 'OK', 'plain']);
  const posted = (await call('httpRequest', { url: origin, method: 'POST', body: { a: 1 } })) as { data: unknown };
  assert.equal(posted.data, { method: 'POST', type: 'application/json', body: '{"a":1}' });
  const missing = (await call('httpRequest', { url: `${origin}/missing` })) as Record<string, unknown>;
  assert.equal([missing.status, missing.statusText], [404, 'Not Found']);
  assert.match(await refused('httpRequest', { url: 'https://elsewhere.example' }), /^CAPABILITY_REFUSED final /);
  assert.match(await refused('httpRequest', { url: 17 }), /^ACTIVITY_ARGUMENT final httpRequest.url: found 17, expec/);
});

test('transformData knows its seventeen transformations, and names them for another', async () => {
  const done: unknown[] = [];
  for (const [transformation, data] of [
    ['uppercase', 'hello world'],
    ['lowercase', 'ABC'],
    ['trim', ' a '],
    ['capitalize', 'hello world'],
    ['reverse', 'abc'],
    ['toString', { a: 1 }],
    ['toNumber', '1.5'],
    ['jsonParse', '{"a":[1]}'],
    ['jsonStringify', { a: [1] }],
    ['base64Encode', 'hé'],
    ['base64Decode', 'aMOp'],
    ['keys', { a: 1, b: 2 }],
    ['values', { a: 1, b: 2 }],
    ['length', [1, 2, 3]],
    ['unique', [1, 1, { a: 1 }, { a: 1 }]],
    ['sort', [10, 9, 1]],
    ['flatten', [[1], [2, [3]]]],
  ]) {
    done.push(await call('transformData', { data, transformation }));
  }
  assert.equal(done, [
    'HELLO WORLD',
    'abc',
    'a',
    'Hello world',
    'cba',
    '{"a":1}',
    1.5,
    { a: [1] },
    '{"a":[1]}',
    'aMOp',
    'hé',
    ['a', 'b'],
    [1, 2],
    3,
    [1, { a: 1 }],
    [1, 9, 10],
    [1, 2, [3]],
  ]);
  assert.match(
    await refused('transformData', { data: 'x', transformation: 'shout' }),
    /^ACTIVITY_ARGUMENT final transformData\.transformation: found "shout", expected one of uppercase, lowercase, trim, /,
  );
  assert.match(await refused('transformData', { data: 1, transformation: 'trim' }), /data: found 1, expected text$/);
});

test('waitFor waits, tells how long it has, and can be cancelled', async () => {
  assert.equal(await call('waitFor', { milliseconds: 50, reason: 'a moment' }), { waitedMs: 50, reason: 'a moment' });
  assert.equal(await call('waitFor', { milliseconds: 0 }), { waitedMs: 0 });
  assert.match(
    await refused('waitFor', { milliseconds: -1 }),
    /final waitFor\.milliseconds: found -1, expected a whole number from 0$/,
  );
  const cancelled = call(
    'waitFor',
    { milliseconds: 15_000 },
    {
      cancelAfterMs: 300,
      options: { cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
    },
  );
  await cancelled.then(
    () => assert.unreachable('it was not cancelled'),
    (error: unknown) => assert.match(String(error), /CancelledFailure/),
  );
});

test('logMessage writes to the log with the ids of project and run', async () => {
  stage.lines.length = 0;
  assert.equal(await call('logMessage', { level: 'warn', message: 'look', data: { a: 1 } }), { logged: true });
  const [line] = stage.lines;
  assert.equal([line?.level, line?.message, line?.data], ['warn', 'look', { a: 1 }]);
  assert.is(line?.of.projectId, project.id);
  assert.match(line?.of.runId ?? '', /^[0-9a-f-]{36}$/);
  assert.match(
    await refused('logMessage', { level: 'loud', message: 'x' }),
    /level: found "loud", expected one of debug/,
  );
});

test('validateData names each broken rule, and never throws for data', async () => {
  const pattern = '^[\\w-\\.]+@([\\w-]+\\.)+[\\w-]{2,4}$';
  const rules = { required: true, type: 'string', pattern };
  assert.equal(await call('validateData', { data: 'user@example.com', rules }), { valid: true, errors: [] });
  assert.equal(await call('validateData', { data: 17, rules: { ...rules, maxLength: 3 } }), {
    valid: false,
    errors: [
      'type: expected string, found number',
      `pattern: expected to match ${pattern}`,
      'maxLength: expected length of at most 3, found none',
    ],
  });
  const bounds = { min: 1, max: 3, enum: [1, 5] };
  assert.equal(((await call('validateData', { data: 5, rules: bounds })) as { errors: string[] }).errors, [
    'max: expected at most 3, found 5',
  ]);
  assert.equal(await call('validateData', { rules: { required: true } }), {
    valid: false,
    errors: ['required: expected a value, found none'],
  });
  assert.match(await refused('validateData', { data: 'x', rules: { pattern: '(' } }), /^ACTIVITY_ARGUMENT final /);
  // V8 looks through all ways of matching it: the isolate is ended.
  const runaway = { data: `${'a'.repeat(40)}!`, rules: { pattern: '^(a+)+$' } };
  assert.match(await refused('validateData', runaway), /^SCRIPT_(CPU|WALL) /);
});

test.run();
