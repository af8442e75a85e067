// timeout: 120
/** P7: a secret that the host puts into a script's request is in nothing that the host keeps or answers. */
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';

const sinks = suite('where a secret may not go');
const SECRET = 'sk-canary-7f3a91c2d4e5b6a7f8091a2b3c4d5e6f';
/** Stands beside the secret in each answer: what is found by it shows that the search finds things. */
const MARKER = 'marker-5d1e0c9b8a7f6e5d4c3b2a19';
const TENANT = 'org-1';

/** Gives the secret back in every place that a script can read. */
const echo = createServer((request, response) => {
  const key = String(request.headers['x-api-key']);
  response.writeHead(request.url === '/fail' ? 500 : 200, { 'x-echo': key, 'content-type': 'text/plain' });
  response.end(`${MARKER} ${key} ${JSON.stringify({ key })} ${Buffer.from(key).toString('base64')}`);
});
echo.listen(0, '127.0.0.8');
await once(echo, 'listening');
const origin = `http://127.0.0.8:${(echo.address() as AddressInfo).port}`;

const CALL = `const answer = await http.fetch('${origin}/' + (input.path ?? ''), { secret: 'partner' });`;
const HEAD = `import { http, log } from 'cloister';`;
const activity = (id: string, more: object = {}) => ({ id, script: `./activities/${id}.ts`, ...more });
let stand: TestHost;

sinks.before(async () => {
  stand = await testHost({
    'cloister.yaml': `capabilities: [http, log]\nhttp: { allow: ['${origin}'] }\nsecrets: [partner]\n`,
    ...script('returns', `${CALL} return answer;`, HEAD),
    ...script('logs', `${CALL} log.warn('got ' + answer.body, answer); return 'logged';`, HEAD),
    ...script('throws', `${CALL} throw new Error(answer.body + answer.headers['x-echo']);`, HEAD),
    ...workflow('echo', {
      rootChildren: ['returns', 'logs', 'throws'],
      activities: [activity('returns'), activity('logs'), activity('throws', { params: { path: 'fail' } })],
    }),
  });
  await writeFile(
    join(stand.dataDir, 'tenants.yaml'),
    `${TENANT}:
  capabilities: [http, log]
  http: { allow: ['${origin}'], privateRanges: [127.0.0.8/32] }
  secrets: { partner: { origin: '${origin}', header: x-api-key, value: ${SECRET} } }
`,
  );
});
sinks.after(async () => {
  await stand.close();
  echo.close();
});

sinks('neither answers of the API, nor history, logs, stores and audit hold the secret, in any form', async () => {
  const view = await stand.run('echo', { tenantOrganizationId: TENANT });
  assert.is(view.status, 'failed');
  const found: string[] = [];
  const marked: string[] = [];
  for (const [place, bytes] of [['the API', Buffer.from(JSON.stringify(view))] as const, ...(await files())]) {
    const text = inflated(bytes);
    if (FORMS.some((form) => text.includes(form))) found.push(place);
    if (text.includes(MARKER)) marked.push(place);
  }
  assert.equal(found, []);
  assert.ok(marked.includes('the API'), 'the answer of the server came through');
  assert.ok(
    marked.some((place) => place.startsWith('temporal.db')),
    `history is searched: ${marked}`,
  );
  assert.ok(marked.includes('host.log'), `the log is searched: ${marked}`);
});

const FORMS = [
  SECRET,
  encodeURIComponent(SECRET),
  Buffer.from(SECRET).toString('base64').slice(0, 40),
  Buffer.from(SECRET).toString('hex'),
];

/** All that the host keeps, but for the file in which the operator wrote the secret. */
async function files(): Promise<[string, Buffer][]> {
  const entries = await readdir(stand.dataDir, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && entry.name !== 'tenants.yaml');
  return Promise.all(
    names.map(
      async ({ parentPath, name }): Promise<[string, Buffer]> => [name, await readFile(join(parentPath, name))],
    ),
  );
}

function inflated(bytes: Buffer): string {
  const isZip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isZip ? gunzipSync(bytes) : bytes).toString('latin1');
}

sinks.run();
