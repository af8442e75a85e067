/** P7 for HTTP: whatever form a server gives a secret back in, nothing that a script or an operator reads holds it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Grants } from '../../host/broker/capability.ts';
import { createHttpCapability } from '../../host/broker/http.ts';
import { Broker } from '../../host/broker/index.ts';
import { openLog } from '../../host/log.ts';
import { type ScriptOutcome, ScriptRunner } from '../../host/runner.ts';
import { createSandbox, DEFAULT_LIMITS } from '../../sandbox/index.ts';
import { bundleOf } from '../sandbox/rig.ts';
import { open, type Site } from './network/site.ts';

/** What is looked for: each secret has one of its own within, so that none is masked by another's form. */
const CORE = /canary\d7f3a91/i;
const VALUES: Readonly<Record<string, string>> = {
  plain: 'sk-canary17f3a91-LIVE',
  bearer: 'Bearer canary27f3a91.x-y_z==',
  odd: `Token a"b\\c/d<e>&f'g+h i=%canary37f3a91ü`,
  basic: `Basic ${Buffer.from('user:canary47f3a91/"&').toString('base64')}`,
  spaced: '  canary57f3a91 ',
};

/** Ways in which programs write a text into another. */
const ECHOES: Readonly<Record<string, (value: string) => string>> = {
  plain: (value) => value,
  json: (value) => JSON.stringify({ value }),
  'json in json': (value) => JSON.stringify({ text: JSON.stringify({ value }) }),
  'json with escaped slashes': (value) => JSON.stringify(value).replaceAll('/', '\\/'),
  'json in ascii': (value) => ascii(JSON.stringify(value), /[^\x20-\x7e]/g),
  'json for html': (value) => ascii(JSON.stringify(value), /[^\x20-\x7e]|[<>&]/g),
  'json for html with quotes': (value) => ascii(JSON.stringify(value), /[^\x20-\x7e]|[<>&'/]/g),
  query: (value) => new URLSearchParams({ value }).toString(),
  component: encodeURIComponent,
  'strict component': (value) =>
    encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`),
  'component in lower case': (value) => encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
  uri: encodeURI,
  html: (value) => html(value, '&#39;'),
  'html in hex': (value) => html(value, '&#x27;'),
  base64: (value) => Buffer.from(value).toString('base64'),
  base64url: (value) => Buffer.from(value).toString('base64url'),
  'base64 of json': (value) => Buffer.from(JSON.stringify({ value })).toString('base64'),
  'base64 after one byte': (value) => Buffer.from(`x${value}y`).toString('base64'),
  'base64 after two bytes': (value) => Buffer.from(`xx${value}yy`).toString('base64'),
  'base64url after four bytes': (value) => Buffer.from(`xxxx${value}yyyyy`).toString('base64url'),
  hex: (value) => Buffer.from(value).toString('hex'),
  'hex in upper case': (value) => Buffer.from(value).toString('hex').toUpperCase(),
  'lower case': (value) => value.toLowerCase(),
  'without scheme': (value) => value.replace(/^\S+ /, ''),
  decoded: (value) => Buffer.from(value.replace(/^\S+ /, ''), 'base64').toString(),
  password: (value) =>
    Buffer.from(value.replace(/^\S+ /, ''), 'base64')
      .toString()
      .replace(/^[^:]*:/, ''),
};

function ascii(json: string, escaped: RegExp): string {
  return json.replace(escaped, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function html(value: string, quote: string): string {
  const text = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return text.replaceAll('"', '&quot;').replaceAll("'", quote);
}

const REDIRECTS: Readonly<Record<string, (word: string) => string>> = {
  '/host': (word) => `http://${word}.evil.test/${word}`,
  '/credentials': (word) => `http://${word}:${word}@evil.test/`,
  '/scheme': (word) => `${word}://x`,
};

/** All that a reader could make of a text: it, and what its parts decode to. */
function readings(text: string): string {
  const bytes = (pattern: RegExp, encoding: BufferEncoding, shift = 0) =>
    (text.match(pattern) ?? []).map((part) => Buffer.from(part.slice(shift), encoding).toString('latin1')).join(' ');
  const base64 = [0, 1, 2, 3].map((shift) => bytes(/[A-Za-z0-9+/_-]{8,}/g, 'base64', shift)).join(' ');
  const hex = [0, 1].map((shift) => bytes(/[0-9a-fA-F]{8,}/g, 'hex', shift)).join(' ');
  return [text, base64, hex].join('\n').toLowerCase();
}

interface Context {
  dir: string;
  site: Site;
  sinks: Map<string, string[]>;
  play(source: string): Promise<ScriptOutcome>;
  close(): Promise<void>;
}

const test = suite<Context>('secrets of HTTP');

test.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'cloister-secrets-'));
  let last = '';
  context.site = await open((request, response) => {
    const { searchParams, pathname } = new URL(request.url ?? '', 'http://x');
    const value = String(request.headers['x-key'] ?? last);
    last = value;
    const text = ECHOES[searchParams.get('echo') ?? '']?.(value) ?? '';
    const line = /^[\t\x20-\x7e\x80-\xff]*$/.test(text) ? text : 'none';
    const word = /^[\w-]+$/.test(value) ? value : 'none';
    const location = REDIRECTS[pathname]?.(word);
    if (location !== undefined) response.setHeader('location', location).statusCode = 302;
    if (pathname === '/broken') return void request.socket.end(`HTTP/1.1 200 ${word}\r\n${word}\r\n\r\n`);
    if (pathname === '/encoding') response.setHeader('content-encoding', word);
    if (pathname === '/charset') response.setHeader('content-type', `text/plain; charset=${word}`);
    response
      .setHeader('x-echo', line)
      .setHeader('set-cookie', [`a=${line}`, `b=${line}`])
      .setHeader(`x-${word}`, '1');
    response.end(`marker ${text} marker`);
  });
  const { origin } = context.site;
  const secrets = Object.entries(VALUES).map(([alias, value]) => [alias, { origin, header: 'X-Key', value }] as const);
  const grants: Grants = {
    capabilities: new Set(['http', 'log']),
    http: { allow: [origin], privateRanges: ['127.0.0.1/32'], secrets: new Map(secrets) },
    db: { tables: [], functions: [] },
    env: {},
  };
  const file = join(context.dir, 'host.log');
  const log = openLog({ level: 'debug', file });
  context.sinks = new Map(['audit', 'failures', 'lines', 'outcome'].map((name) => [name, []]));
  const put = (sink: string, what: unknown) => void context.sinks.get(sink)?.push(JSON.stringify(what));
  const broker = new Broker([createHttpCapability({ timeoutMs: 5_000 })], {
    denied: (denial) => {
      log.warn({ audit: 'denied', ...denial }, 'a capability call was denied');
      put('audit', denial);
    },
    failed: (method, error) => {
      log.error({ method, err: error }, 'a capability failed');
      put('failures', String(error));
    },
  });
  const sandbox = createSandbox({ spare: false, log: ({ event, ...about }) => log.warn(about, event) });
  const runner = new ScriptRunner(sandbox, broker);
  context.play = async (source) => {
    const outcome = await runner.run({
      tenant: 'a',
      run: {
        id: 'r',
        workflow: 'w',
        activity: 'a',
        attempt: 1,
        startedAt: new Date().toISOString(),
        deterministic: false,
      },
      digest: 'd',
      bundle: bundleOf(source),
      params: { origin, aliases: Object.keys(VALUES), echoes: Object.keys(ECHOES) },
      grants,
      limits: { ...DEFAULT_LIMITS, wallMs: 20_000 },
      remainingMs: 30_000,
      signal: new AbortController().signal,
      log: (line) => {
        log[line.level]({ script: true, data: line.data }, line.message);
        put('lines', line);
      },
    });
    put('outcome', outcome);
    return outcome;
  };
  context.close = async () => {
    await sandbox.close();
    await broker.close();
    await context.site.close();
    await rm(context.dir, { recursive: true });
  };
});

test.after(async ({ close }) => close());

const FETCH = `
  const fetch = (p, path, alias) => $cloister.call('http.fetch', { url: p.origin + path, secret: alias });
  const each = async (p, act) => {
    const all = [];
    for (const alias of p.aliases) {
      for (const echo of p.echoes) all.push(await act(await fetch(p, '/?echo=' + encodeURIComponent(echo), alias), echo));
    }
    return all;
  };`;

test('the server really gets the secret: what follows is no search in the void', async ({ play, site }) => {
  const outcome = await play(
    `${FETCH} async function main(p) { return (await fetch(p, '/?echo=plain', 'plain')).body; }`,
  );
  assert.is(site.requests.at(-1)?.headers['x-key'], VALUES.plain);
  assert.equal(outcome.ok && outcome.output, 'marker *** marker');
});

test('an echoed secret is in no result, in whatever form', async ({ play }) => {
  const outcome = await play(`${FETCH} async function main(p) { return each(p, (answer, echo) => [echo, answer]); }`);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  for (const found of outcome.ok ? (outcome.output as unknown[]) : []) clean(JSON.stringify(found));
});

test('nor in a line of the log, nor in an error that the script throws', async ({ play }) => {
  await play(`${FETCH} async function main(p) {
    await each(p, (answer, echo) => $cloister.log('warn', 'got ' + answer.body, answer));
    const [text] = await each(p, (answer) => JSON.stringify(answer));
    throw new Error(text);
  }`);
});

test('nor in an error that a server provokes: of a redirect, a broken answer, an encoding, a charset', async ({
  play,
}) => {
  const outcome = await play(`${FETCH} async function main(p) {
    const all = [];
    for (const alias of p.aliases) {
      for (const path of ['/host', '/credentials', '/scheme', '/broken', '/encoding', '/charset']) {
        all.push(await fetch(p, path, alias).then((answer) => answer, ({ name, code, message, stack }) => ({ name, code, message, stack })));
      }
    }
    return all;
  }`);
  assert.ok(outcome.ok, JSON.stringify(outcome));
});

test('nor in an error that nobody catches', async ({ play }) => {
  for (const path of ['/host', '/broken', '/encoding']) {
    const outcome = await play(`${FETCH} async function main(p) { await fetch(p, '${path}', 'plain'); }`);
    assert.not.ok(outcome.ok);
  }
});

test('nor in an answer to a call without it: a server may give back later what it got before', async ({
  play,
  site,
}) => {
  const outcome = await play(`${FETCH} async function main(p) {
    await fetch(p, '/', 'plain');
    return (await fetch(p, '/?echo=plain')).body;
  }`);
  assert.is(site.requests.at(-1)?.headers['x-key'], undefined);
  assert.equal(outcome.ok && outcome.output, 'marker *** marker');
});

test('no sink holds it: results, errors, lines, audit, host log', async ({ sinks, dir }) => {
  for (const [name, texts] of sinks) for (const text of texts) clean(text, name);
  assert.ok((sinks.get('audit')?.length ?? 0) > 5 && (sinks.get('lines')?.length ?? 0) > 50);
  const log = await readFile(join(dir, 'host.log'), 'utf8');
  assert.match(log, 'marker');
  for (const line of log.split('\n')) clean(line, 'host.log');
});

function clean(text: string, note = ''): void {
  const found = readings(text);
  const at = found.search(CORE);
  assert.is(at, -1, `${note} ${text.slice(0, 200)} … ${found.slice(Math.max(0, at - 60), at + 60)}`);
}

test.run();
