/** Requests to the API of a whole development host, as bytes on a socket. Needs Temporal. */
import { connect } from 'node:net';
import { testHost } from '../../stand/host.ts';
import { script, workflow } from '../../stand/project.ts';
import { jsonText, NUMBERS, STRINGS } from '../edges.ts';
import type { Random } from '../random.ts';
import type { Bench, Input, Target } from '../target.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
/** The API itself gives up after 30 s; nothing that is asked here takes long. */
const END_MS = 20_000;
/** A request that has no answer by then is half of one. */
const HALF_MS = 1_500;
/** Answers with these are planned (`API_ERRORS`), and none of these requests gives a reason for one. */
const SERVER_ERROR = 500;

/** See the file's first line. */
export const http: Target = {
  name: 'http',
  open: async (): Promise<Bench> => {
    const files = workflow('w', { rootChildren: ['a'], activities: [{ id: 'a', script: './activities/a.ts' }] });
    const { host, close } = await testHost({ ...script('a', 'return input;'), ...files });
    const url = new URL(host.url);
    const statuses: string[] = [];
    return {
      make,
      attempt: (input) => attempt(input, url, statuses),
      takeNotes: () => statuses.splice(0),
      [Symbol.asyncDispose]: close,
    };
  },
};

const PATHS = [
  '/health',
  '/workflows',
  '/workflows/w/run',
  '/workflows/w/runs',
  '/workflows/w/runs/$run',
  '/quarantines',
  '/quarantines/$run/release',
] as const;
const METHODS = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'get',
  'BREW',
  '',
] as const;
const QUERIES = [
  'branch',
  'limit',
  'cursor',
  'status',
  'tenant',
  '__proto__',
  'constructor',
  'limit[]',
  'limit[x]',
] as const;
const RUN = '6f1b2c3d-0000-4000-8000-000000000000';

function make(random: Random): Input {
  const path = random.pick(PATHS);
  return { kind: path, parts: random.several(1, 4, () => makeRequest(random, path)) };
}

/** One request as text in Latin-1, each character a byte. */
function makeRequest(random: Random, path: string): string {
  const isPost = /\/(run|release)$/.test(path);
  const method = random.chance(0.75) ? (isPost ? 'POST' : 'GET') : random.pick(METHODS);
  const body = isPost || random.chance(0.2) ? Buffer.from(makeBody(random)).toString('latin1') : '';
  const length = random.chance(0.95) ? String(body.length) : random.pick(NUMBERS);
  const lines = [
    `${method} ${makePath(random, path)}${makeQuery(random)} HTTP/1.1`,
    random.chance(0.95) ? 'Host: $host' : `Host: ${wire(random.pick(STRINGS))}`,
    'Connection: close',
    ...(body === '' ? [] : [`Content-Type: ${makeType(random)}`, `Content-Length: ${length}`]),
    ...random.several(0, 2, () => makeHeader(random)),
  ];
  const text = `${lines.join('\r\n')}\r\n\r\n${body}`;
  return random.chance(0.08) ? random.scratched(text) : text;
}

function makePath(random: Random, path: string): string {
  const filled = path.replace(
    '$run',
    random.chance(0.5) ? RUN : encodeURIComponent(toWellFormed(random.pick(STRINGS))),
  );
  if (random.chance(0.6)) return filled;
  const segments = filled.split('/');
  const odd = random.pick([
    ...STRINGS.map((text) => encodeURIComponent(toWellFormed(text))),
    '%',
    '%zz',
    '%00',
    '..',
    '%2f',
    'a'.repeat(9000),
  ]);
  return segments.with(1 + random.below(segments.length - 1), odd).join('/');
}

function makeQuery(random: Random): string {
  if (random.chance(0.5)) return '';
  const value = () =>
    encodeURIComponent(toWellFormed(random.pick([...STRINGS, ...NUMBERS, 'main', '*', 'failed', '200'])));
  return `?${random.several(1, 3, () => `${random.pick(QUERIES)}=${random.chance(0.05) ? '%zz' : value()}`).join('&')}`;
}

/** Mostly what starts no run: a run is a lot of work, and others fuzz that. */
function makeBody(random: Random): string {
  const roll = random.below(10);
  if (roll === 0) return '{}';
  if (roll < 3) return `{"tenantOrganizationId":${jsonText(random, 2)},"a":${jsonText(random, 2)}}`;
  if (roll < 5) return `{"_workflowId":${jsonText(random, 1)},"tenantOrganizationId":"../x"}`;
  if (roll < 6) return random.scratched(jsonText(random, 3));
  if (roll < 7 && random.chance(0.05)) return JSON.stringify('x'.repeat(1_100_000));
  return `[${jsonText(random, 3)}]`;
}

function makeType(random: Random): string {
  return random.pick([
    ...Array.from({ length: 8 }, () => 'application/json'),
    'application/json; charset=utf-16',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'application/json, text/plain',
    '',
  ]);
}

function makeHeader(random: Random): string {
  return random.pick([
    `Authorization: Bearer ${wire(random.pick(STRINGS))}`,
    'Authorization: Basic eDp5',
    'Transfer-Encoding: chunked',
    'Content-Encoding: gzip',
    'Expect: 100-continue',
    'Upgrade: h2c',
    'If-None-Match: *',
    'Range: bytes=0-1',
    'Origin: http://$host',
    'Origin: null',
    'X-Forwarded-For: 127.0.0.1',
    `Cookie: ${wire(random.pick(STRINGS))}`,
    `${wire(random.pick(STRINGS))}: x`,
    `Accept-Encoding: ${random.pick(['gzip', 'br', '*', 'gzip;q=x'])}`,
    `X: ${'y'.repeat(random.pick([1, 4_000, 20_000]))}`,
  ]);
}

const toWellFormed = (text: string): string => text.toWellFormed();
const wire = (text: string): string => Buffer.from(toWellFormed(text).replace(/[\r\n]/g, '')).toString('latin1');

async function attempt({ parts }: Input, url: URL, statuses: string[]): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const part of parts) {
    const answer = await exchange(part.replaceAll('$host', url.host), url);
    statuses.push(`status ${statusOf(answer)}`);
    faults.push(...answerFaults(answer));
  }
  const health = await exchange(`GET /health HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`, url);
  return health.startsWith('HTTP/1.1 200') && health.includes('"ok"') ? faults : [...faults, `health: ${health}`];
}

/** Writes a request and reads until the other side closes. */
function exchange(text: string, url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(url.port), url.hostname);
    const late = setTimeout(() => {
      socket.destroy();
      resolve(chunks.length > 0 ? Buffer.concat(chunks).toString('utf8') : 'late');
    }, END_MS);
    const end = (): void => {
      clearTimeout(late);
      clearTimeout(half);
      resolve(Buffer.concat(chunks).toString('utf8'));
    };
    // Half a request: the host is told that no more comes.
    const half = setTimeout(() => chunks.length === 0 && socket.end(), HALF_MS);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', end);
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? reject(error) : end()));
    socket.write(Buffer.from(text, 'latin1'));
  });
}

function statusOf(answer: string): string {
  return /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? (answer === '' ? 'closed' : answer.slice(0, 20));
}

function answerFaults(answer: string): string[] {
  if (answer === '') return [];
  const status = Number(statusOf(answer));
  if (!(status >= 100)) return [`answered with ${answer.slice(0, 100)}`];
  const faults: string[] = [];
  if (status >= SERVER_ERROR) faults.push(`status ${status}: ${answer.slice(answer.indexOf('\r\n\r\n') + 4, 300)}`);
  if (/\n\s+at |:\d+:\d+\)|node_modules|node:internal/.test(answer)) faults.push(`a stack in an answer of ${status}`);
  if (answer.includes(ROOT)) faults.push(`a path of the host in an answer of ${status}`);
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  if (status >= 400 && /content-type: application\/json/i.test(answer) && body !== '')
    faults.push(...bodyFaults(body, status));
  return faults;
}

function bodyFaults(body: string, status: number): string[] {
  const value = JSON.parse(body) as Record<string, unknown>;
  const isError = ['error', 'code', 'requestId'].every((name) => typeof value[name] === 'string');
  return isError ? [] : [`an error of ${status} in another form: ${body.slice(0, 200)}`];
}
