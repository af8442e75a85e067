/** What the host's environment says of proxies and certificates changes nothing of what a tenant may reach. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CERTIFICATE, KEY } from './network/certificate.ts';
import { type Dns, openDns } from './network/dns.ts';
import { type Canary, open, openCanary, type Site } from './network/site.ts';

const HOST = '127.10.0.1';

interface Context {
  dir: string;
  dns: Dns;
  plain: Site;
  tls: Server;
  proxy: Canary;
  ask(url: string, env: NodeJS.ProcessEnv): Promise<unknown>;
}

const test = suite<Context>('the environment of HTTP');

test.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'cloister-http-'));
  await writeFile(join(context.dir, 'ca.pem'), CERTIFICATE);
  context.dns = await openDns();
  for (const name of ['ok.test', 'a.wild.test', 'other.test']) context.dns.zones.set(name, { a: [HOST] });
  context.plain = await open((_, response) => response.end('plain'), HOST);
  context.tls = createServer({ cert: CERTIFICATE, key: KEY }, (_, response) => response.end('tls'));
  await new Promise<void>((resolve) => context.tls.listen(0, HOST, resolve));
  context.proxy = await openCanary('127.0.0.1');
  const probe = join(import.meta.dirname, 'network/probe.ts');
  context.ask = async (url, env) => {
    const args = { dns: context.dns.server, url, ranges: [`${HOST}/32`] };
    const { stdout } = await promisify(execFile)(process.execPath, [probe, JSON.stringify(args)], { env });
    return JSON.parse(stdout);
  };
});

test.after(async ({ dir, dns, plain, tls, proxy }) => {
  tls.close();
  await Promise.all([plain.close(), proxy.close(), dns[Symbol.asyncDispose](), rm(dir, { recursive: true })]);
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

test('proxies of the environment are not used', async ({ ask, plain, proxy }) => {
  const url = `http://127.0.0.1:${proxy.port}`;
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
  const env = Object.fromEntries(names.map((name) => [name, url]));
  assert.is(await ask(`http://ok.test:${plain.port}/`, { ...env, NO_PROXY: '', NODE_USE_ENV_PROXY: '1' }), 'plain');
  assert.is(proxy.hits, 0);
});

test('a certificate is checked against the name of the URL, which is not the address that is connected', async (context) => {
  const { ask, tls, dir } = context;
  const trusting = { NODE_EXTRA_CA_CERTS: join(dir, 'ca.pem') };
  const port = portOf(tls);
  assert.is(await ask(`https://ok.test:${port}/`, trusting), 'tls');
  assert.is(await ask(`https://a.wild.test:${port}/`, trusting), 'tls');
  assert.is(await ask(`https://other.test:${port}/`, trusting), 'UNAVAILABLE', 'another name');
  assert.is(await ask(`https://${HOST}:${port}/`, trusting), 'UNAVAILABLE', 'the address');
});

test('a certificate that nobody vouches for is refused, though the environment asks to take any', async ({
  ask,
  tls,
}) => {
  const url = `https://ok.test:${portOf(tls)}/`;
  assert.is(await ask(url, {}), 'UNAVAILABLE');
  assert.is(await ask(url, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }), 'UNAVAILABLE');
});

test.run();
