/**
 * The host as an App of Aidbox. There is no Aidbox for tests: a server that records stands in for the one request of its REST
 * interface that is made.
 */
import { hostname } from 'node:os';
import { server as createServer, type Request, type ResponseToolkit, type Server } from '@hapi/hapi';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reachable } from '../../host/address.ts';
import { appResource } from '../../host/aidbox/app.ts';
import { openRegistration } from '../../host/aidbox/index.ts';
import { Registration } from '../../host/aidbox/registration.ts';
import { ENDPOINTS } from '../../host/api/server.ts';
import { freePort } from '../../host/embedded/port.ts';
import { eventually } from '../api/call.ts';

const test = suite('the App in Aidbox');
const SECRET = 'correct-horse-battery-staple';
const app = appResource({ endpoints: ENDPOINTS, apiBaseUrl: 'https://cloister.example', secret: SECRET });

/** What the stand-in was sent. */
interface Sent {
  readonly path: string;
  readonly authorization: string;
  readonly body: Record<string, unknown>;
}

/** Answers with these statuses one after the other, and with the last one from then on. */
async function standIn(port: number, ...statuses: number[]): Promise<{ sent: Sent[]; server: Server; url: string }> {
  const sent: Sent[] = [];
  const server = createServer({ address: '127.0.0.1', port });
  server.route({
    method: 'PUT',
    path: '/{any*}',
    handler: ({ path, headers, payload }: Request, h: ResponseToolkit) => {
      const status = statuses[Math.min(sent.length, statuses.length - 1)] ?? 200;
      sent.push({ path, authorization: String(headers.authorization), body: payload as Record<string, unknown> });
      return h.response({ resourceType: 'App' }).code(status);
    },
  });
  await server.start();
  return { sent, server, url: server.info.uri };
}

/** A log whose lines can be read. */
function record() {
  const lines: { level: number; msg: string; err?: { message: string; stack: string } }[] = [];
  return { lines, log: pino({}, { write: (line) => void lines.push(JSON.parse(line)) }) };
}

const check = (registration: Registration): Promise<boolean> =>
  registration.check().then(
    () => true,
    () => false,
  );

test('every endpoint of tokens is an operation under its name, with its path and parameters', () => {
  const { operations, ...rest } = app;
  assert.equal(rest, {
    resourceType: 'App',
    id: 'ts-billing-app',
    apiVersion: 1,
    type: 'app',
    endpoint: { type: 'http-rpc', url: 'https://cloister.example/rpc', secret: SECRET },
  });
  assert.equal(operations['run-workflow'], {
    method: 'POST',
    path: ['ts-billing-app', 'workflows', { name: 'id' }, 'run'],
  });
  assert.equal(operations['get-run']?.path.at(-1), { name: 'runId' });
});

test('what is open or signed, what streams and what grants access is no operation', () => {
  for (const { operation, access, answers } of ENDPOINTS) {
    const streams = Object.values(answers).some(({ contentType }) => contentType === 'text/event-stream');
    const isLeftOut = typeof access === 'string' || access.scope.startsWith('access:') || streams;
    if (isLeftOut) assert.is(app.operations[operation], undefined, operation);
  }
  assert.is(app.operations.rpc, undefined);
});

test('API-5: it is put under its id at the start, signed as the client of the host', async () => {
  const { sent, server, url } = await standIn(0, 201);
  const registration = new Registration({ aidbox: { url, id: 'me', secret: 'mine' }, app, log: record().log });
  await eventually(async () => ((await check(registration)) ? true : null));
  assert.is(sent.length, 1);
  assert.is(sent[0]?.path, '/App/ts-billing-app');
  assert.is(sent[0]?.authorization, `Basic ${btoa('me:mine')}`);
  assert.equal(sent[0]?.body, JSON.parse(JSON.stringify(app)));
  await registration.close();
  await server.stop();
});

test('API-5: while Aidbox is down or refuses, it is tried again, with the cause in the log and in /health', async () => {
  const port = await freePort();
  const { lines, log } = record();
  const aidbox = { url: `http://127.0.0.1:${port}`, id: 'me', secret: 'mine' };
  const registration = new Registration({ aidbox, app, log, firstPauseMs: 20 });
  await eventually(async () => (lines.length > 1 ? true : null));
  assert.is(await check(registration), false);
  const { sent, server } = await standIn(port, 403, 500, 200);
  await eventually(async () => ((await check(registration)) ? true : null));
  assert.is(sent.length, 3);
  const causes = lines.map(({ err }) => `${err?.message} ${err?.stack}`).join('\n');
  assert.match(causes, 'ECONNREFUSED');
  assert.match(causes, 'Aidbox answered 403');
  assert.not.match(JSON.stringify(lines), new RegExp(`${SECRET}|mine`));
  await registration.close();
  await server.stop();
});

test('a host that ends gives up at once', async () => {
  const aidbox = { url: `http://127.0.0.1:${await freePort()}`, id: 'me', secret: 'mine' };
  const { lines, log } = record();
  const registration = new Registration({ aidbox, app, log, firstPauseMs: 60_000 });
  await eventually(async () => (lines.length > 0 ? true : null));
  await registration.close();
  assert.is(lines.length, 1);
});

test('without Aidbox, or without a secret, one line of the log says so and nothing is sent', async () => {
  const { sent, server, url } = await standIn(0, 200);
  const aidbox = { url, id: 'me', secret: 'mine' };
  for (const [settings, why] of [
    [{ aidbox: null, appSecret: SECRET }, /no Aidbox/],
    [{ aidbox, appSecret: null }, /CLOISTER_APP_SECRET/],
  ] as const) {
    const { lines, log } = record();
    assert.is(openRegistration({ ...settings, apiBaseUrl: 'http://127.0.0.1:1', log }), null);
    assert.is(lines.length, 1);
    assert.match(lines[0]?.msg ?? '', why);
  }
  assert.is(sent.length, 0);
  await server.stop();
});

test('a host that listens on every address is reached by the name of the machine', () => {
  for (const everywhere of ['http://0.0.0.0:3011', 'http://[::]:3011', 'http://:::3011']) {
    assert.is(reachable(everywhere), `http://${hostname()}:3011`);
  }
  assert.is(reachable('http://127.0.0.1:3011'), 'http://127.0.0.1:3011');
});

test.run();
