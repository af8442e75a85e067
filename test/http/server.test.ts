// timeout: 90
/** A server that does as it likes costs its own tenant a call, within bounds of time, bytes and sockets, and nobody else anything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dnsLookup } from '../../host/broker/http/dns.ts';
import { createHttpCapability, type HttpOptions } from '../../host/broker/http.ts';
import { call, denied, refusal, run } from './network/call.ts';
import { openDns } from './network/dns.ts';
import { drip, flood, openRaw, type Script, say } from './network/raw.ts';
import { open } from './network/site.ts';

const test = suite('servers as they like');

const OK = 'HTTP/1.1 200 OK\r\n';

/** What a call to a server of that behaviour ends with: its answer as JSON, or the code of its error. */
async function against(script: Script, options: HttpOptions = {}, args: object = {}): Promise<string> {
  await using server = await openRaw(script);
  const capability = createHttpCapability({ timeoutMs: 400, maxBytes: 100_000, ...options });
  try {
    return JSON.stringify(await call(capability, { url: server.url, ...args }, run({ allow: [server.url] })));
  } catch (error) {
    const { code, message } = await refusal(Promise.reject(error));
    assert.not.match(message, /ECONN|socket|errno|node:|parse/i);
    return code;
  } finally {
    await capability.close();
  }
}

const UNANSWERED: Readonly<Record<string, Script>> = {
  'an upgrade': say('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nx'),
  'an upgrade to h2c': say('HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'),
  'the preface of HTTP/2': say('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  'another protocol': say('SSH-2.0-OpenSSH_9.6\r\n'),
  'HTTP/0.9': say('<html>'),
  'a header without end': flood(`${OK}x: `, 'y'.repeat(10_000)),
  'headers without end': flood(OK, 'x: y\r\n'.repeat(1_000)),
  'a slow header': drip(OK, 'x: y\r\n'),
  'early hints without end': flood('', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'.repeat(100)),
  'continue without end': flood('', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)),
  'a chunk extension without end': flood(`${OK}transfer-encoding: chunked\r\n\r\n1;`, 'y'.repeat(10_000)),
  'a chunk of 2^64 bytes': say(`${OK}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nx`),
  'trailers without end': flood(`${OK}transfer-encoding: chunked\r\n\r\n0\r\n`, 'x: y\r\n'.repeat(1_000)),
  'a slow body': drip(`${OK}content-length: 100000\r\n\r\n`, 'x'),
  'two lengths': say(`${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`),
  'a length and chunks': say(`${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`),
};

test('what is no complete answer is UNAVAILABLE in time, with nothing of it in the message', async () => {
  for (const [name, script] of Object.entries(UNANSWERED)) {
    const started = Date.now();
    assert.is(await against(script), 'UNAVAILABLE', name);
    assert.ok(Date.now() - started < 5_000, name);
  }
});

const bomb = Buffer.alloc(20_000_000);
const encoded =
  (name: string, body: Buffer): Script =>
  (socket) => {
    socket.write(`${OK}content-encoding: ${name}\r\ncontent-length: ${body.length}\r\n\r\n`);
    socket.write(body);
  };

test('a body is counted as it comes and as it is inflated, in every encoding; what nobody asked for is refused', async () => {
  const options = { timeoutMs: 5_000 };
  for (const [name, body] of [
    ['gzip', gzipSync(bomb)],
    ['x-gzip', gzipSync(bomb)],
    ['GZIP', gzipSync(bomb)],
    ['deflate', deflateSync(bomb)],
    ['br', brotliCompressSync(bomb)],
  ] as const) {
    assert.is(await against(encoded(name, body), options), 'TOO_LARGE', name);
  }
  // Comes in for ever and gives nothing: a header of gzip with a name that does not end.
  const named = `${OK}content-encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00`;
  assert.is(await against(flood(named, 'n'.repeat(10_000)), options), 'TOO_LARGE');
  const small = gzipSync('small');
  const twice = gzipSync(small);
  for (const [name, body] of [
    ['zstd', zstdCompressSync(bomb)],
    ['gzip, gzip', twice],
    ['gzip, identity', small],
    [Array.from({ length: 500 }, () => 'gzip').join(', '), small],
    ['compress', small],
    ['__proto__', small],
  ] as const) {
    assert.is(await against(encoded(name, body), options), 'UNAVAILABLE', name.slice(0, 40));
  }
  assert.match(await against(encoded('br', brotliCompressSync('small')), options), '"body":"small"');
  assert.match(await against(encoded('deflate', deflateSync('small')), options), '"body":"small"');
});

test('an answer without body may name an encoding', async () => {
  for (const head of ['304 Not Modified', '204 No Content', '200 OK\r\ncontent-length: 0']) {
    assert.match(await against(say(`HTTP/1.1 ${head}\r\ncontent-encoding: gzip\r\n\r\n`)), '"body":""', head);
  }
});

test('an answer that nobody asked for does not become the answer of the next call', async () => {
  const poison = `${OK}content-length: 6\r\n\r\nPOISON`;
  await using server = await openRaw((socket) => {
    socket.write(`${OK}content-length: 4\r\n\r\ngood`);
    setTimeout(() => socket.write(poison), 20);
  });
  const capability = createHttpCapability({ timeoutMs: 2_000 });
  const context = run({ allow: [server.url] });
  for (const wait of [0, 60, 0, 60]) {
    assert.is((await call(capability, { url: server.url }, context)).body, 'good');
    await sleep(wait);
  }
  await capability.close();
});

test('a server cannot have its connections kept for longer than four seconds', async () => {
  await using server = await openRaw(say(`${OK}keep-alive: timeout=600\r\ncontent-length: 0\r\n\r\n`));
  const capability = createHttpCapability();
  await call(capability, { url: server.url }, run({ allow: [server.url] }));
  assert.is(server.sockets.size, 1);
  const started = Date.now();
  while (server.sockets.size > 0 && Date.now() - started < 15_000) await sleep(200);
  assert.is(server.sockets.size, 0);
  await capability.close();
});

test('a tenant with a thousand names has no more sockets than its share, and another is served', async () => {
  const site = await open((_, response) => void response.setHeader('keep-alive', 'timeout=600').end('x'), '127.10.0.1');
  const capability = createHttpCapability({ lookup: async () => ['127.10.0.1'], inFlight: 5, timeoutMs: 5_000 });
  const context = run({ allow: [`http://*.wild.test:${site.port}`] });
  const codes = new Set<string>();
  for (let n = 0; n < 40; n += 1) {
    const url = `http://n${n}.wild.test:${site.port}/`;
    codes.add(
      await call(capability, { url }, context).then(
        ({ body }) => body,
        ({ code }) => code,
      ),
    );
  }
  assert.equal([...codes], ['x', 'TOO_MANY_CALLS']);
  assert.is(site.sockets, 10);
  const url = `http://n0.wild.test:${site.port}/`;
  assert.is((await call(capability, { url }, { ...context, tenant: 'b' })).body, 'x');
  await capability.close();
  await site.close();
});

test('a name with hundreds of addresses is tried at four of them', async () => {
  const site = await open((_, response) => response.end('reached'), '127.10.1.5');
  const addresses = Array.from({ length: 200 }, (_, n) => `127.10.1.${n + 1}`);
  const capability = createHttpCapability({ lookup: async (name) => addresses.slice(name === 'late.test' ? 0 : 1) });
  const url = (name: string) => `http://${name}:${site.port}/`;
  const context = run({ allow: [url('late.test'), url('soon.test')] });
  assert.is((await refusal(call(capability, { url: url('late.test') }, context))).code, 'UNAVAILABLE');
  assert.is(site.sockets, 0);
  assert.is((await call(capability, { url: url('soon.test') }, context)).body, 'reached');
  await capability.close();
  await site.close();
});

test('names that DNS leaves without answer stop no other tenant’s names', async () => {
  await using dns = await openDns();
  const site = await open((_, response) => response.end('served'), '127.10.0.1');
  dns.zones.set('ok.test', { a: ['127.10.0.1'] });
  const stuck = Array.from({ length: 60 }, (_, n) => `http://n${n}.stuck.test/`);
  for (const url of stuck) dns.zones.set(new URL(url).hostname, { silent: true });
  const capability = createHttpCapability({ lookup: dnsLookup({ servers: [dns.server] }), timeoutMs: 3_000 });
  const waiting = stuck.map((url) => refusal(call(capability, { url }, run({ allow: ['http://*.stuck.test'] }))));
  while (dns.asked.length < 2 * stuck.length) await sleep(5);
  const url = `http://ok.test:${site.port}/`;
  const began = Date.now();
  const answer = await call(capability, { url, timeoutMs: 1_000 }, run({ allow: [url] }, { tenant: 'b' }));
  assert.is(answer.body, 'served');
  assert.ok(Date.now() - began < 1_000);
  assert.ok((await Promise.all(waiting)).every(({ code }) => code === 'UNAVAILABLE'));
  await capability.close();
  await site.close();
});

test('localhost is loopback, whatever DNS says', async () => {
  const names = ['localhost', 'LOCALHOST.', 'a.b.localhost'];
  const capability = createHttpCapability();
  for (const name of names) {
    const url = `http://${name}:1/`;
    await denied(call(capability, { url }, run({ allow: [url], privateRanges: [] })), name);
  }
  await capability.close();
});

test('a public address of this very machine is refused: what listens there is not public for that', async () => {
  const capability = createHttpCapability({ own: () => ['203.0.113.9', '1.2.3.4', '2606:4700::1'], timeoutMs: 300 });
  for (const host of ['1.2.3.4', '[::ffff:1.2.3.4]', '[64:ff9b::1.2.3.4]', '[2606:4700::1]', '[2606:4700:0:0::1]']) {
    const url = `http://${host}:1/`;
    await denied(call(capability, { url }, run({ allow: [url], privateRanges: [] })), host);
  }
  await capability.close();
});

test.run();
