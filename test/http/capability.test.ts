import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Capability } from '../../host/broker/capability.ts';
import { createHttpCapability } from '../../host/broker/http.ts';
import { call, denied, refusal, run } from './network/call.ts';
import { open, type Site } from './network/site.ts';

const canary = 'canary"of+the/secret';

/** The end of the first connection. */
async function closing(site: Site): Promise<void> {
  const [request] = site.requests;
  assert.ok(request);
  await once(request.socket, 'close');
}

interface Context {
  site: Site;
  capability: Capability;
  opened: Site[];
}

const test = suite<Context>('http');

/** Every name of the tests is on loopback. */
const lookup = async (hostname: string) => (hostname.endsWith('.nowhere') ? [] : ['127.0.0.1']);

test.before(async (context) => {
  context.opened = [];
  context.capability = createHttpCapability({ lookup, maxBytes: 100_000, timeoutMs: 5_000 });
  context.site = await open((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ url: request.url, method: request.method, headers: request.headers }));
  });
  context.opened.push(context.site);
});

test.after(async ({ capability, opened }) => {
  await capability.close();
  await Promise.all(opened.map((site) => site.close()));
});

test('an allowed call with a JSON body comes back as status, headers and text', async ({ site, capability }) => {
  const context = run({ allow: [site.origin] });
  const url = `${site.origin}/things?x=1`;
  const args = {
    url,
    method: 'post',
    headers: { 'Content-Type': 'application/json', 'X-Own': 'ü' },
    body: '{"a":"ü"}',
  };
  const answer = await call(capability, args, context);
  assert.equal([answer.status, answer.headers['content-type']], [200, 'application/json']);
  const { method, headers } = JSON.parse(answer.body);
  assert.equal([method, headers['content-type']], ['POST', 'application/json']);
  assert.is(site.bodies.at(-1), '{"a":"ü"}');
  assert.not.ok('cookie' in headers || 'content-encoding' in answer.headers);
});

test('a status that is no success is an answer too', async ({ capability, opened }) => {
  const site = await open((request, response) => response.writeHead(Number(request.url?.slice(1))).end('text'));
  opened.push(site);
  for (const status of [204, 400, 404, 500, 503]) {
    assert.is(
      (await call(capability, { url: `${site.origin}/${status}` }, run({ allow: [site.origin] }))).status,
      status,
    );
  }
});

test('NET-01 to 04: loopback, private and metadata addresses are denied though the list allows them', async ({
  capability,
  site,
  opened,
}) => {
  const six = await open((_, response) => response.end(), '::1');
  opened.push(six);
  const before = [site.sockets, six.sockets];
  const hosts = [
    '127.0.0.1',
    'localhost',
    'localhost.',
    '0.0.0.0',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:a9fe:a9fe]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '169.254.169.254',
    'metadata.google.internal',
    '100.64.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '[fd00::1]',
    '[fe80::1]',
  ].map((host) => `http://${host}:${site.port}`);
  for (const origin of [...hosts, `http://[::1]:${six.port}`, `http://[::]:${six.port}`]) {
    await denied(call(capability, { url: origin }, run({ allow: [origin], privateRanges: [] })), origin);
  }
  assert.equal([site.sockets, six.sockets], before);
});

test('NET-05: a redirect to what is not allowed is denied before a byte is sent there', async ({
  capability,
  opened,
}) => {
  const target = await open((_, response) => response.end('reached'));
  const from = await open((request, response) => response.writeHead(307, { location: request.url?.slice(1) }).end());
  opened.push(target, from);
  const context = run({ allow: [from.origin] });
  for (const location of [
    target.origin,
    'file:///etc/passwd',
    `https://127.0.0.1:${from.port}/`,
    'http://127.0.0.1:1/',
  ]) {
    const args = { url: `${from.origin}/${location}`, method: 'POST', body: 'secret body' };
    await denied(call(capability, args, context), location);
  }
  assert.is(target.sockets, 0);
});

test('NET-05: a redirect to a name that leads to a private address is denied', async ({ capability, opened }) => {
  const target = await open((_, response) => response.end('reached'), '127.0.0.2');
  const from = await open((_, response) => response.writeHead(302, { location: target.origin }).end());
  opened.push(target, from);
  const grants = { allow: [from.origin, target.origin], privateRanges: ['127.0.0.1/32'] };
  await denied(call(capability, { url: from.origin }, run(grants)), 'redirect');
  assert.is(target.sockets, 0);
});

test('NET-05: across origins 307 keeps the body and loses every header that may be a credential; within one all is kept', async ({
  capability,
  site,
  opened,
}) => {
  const from = await open((request, response) => {
    if (request.url === '/end') response.end(JSON.stringify(request.headers));
    else response.writeHead(307, { location: request.url === '/same' ? '/end' : `${site.origin}/end` }).end();
  });
  opened.push(from);
  const secrets = new Map([['key', { origin: from.origin, header: 'X-Key', value: canary }]]);
  const context = run({ allow: [site.origin, from.origin], secrets });
  const args = {
    method: 'POST',
    body: 'kept',
    secret: 'key',
    headers: { authorization: 'Bearer own', 'x-token': '1', 'content-type': 'text/csv', accept: 'text/html' },
  };
  await call(capability, { ...args, url: `${from.origin}/other` }, context);
  const foreign = site.requests.at(-1)?.headers ?? {};
  assert.equal(
    [foreign.authorization, foreign['x-key'], foreign['x-token'], site.bodies.at(-1)],
    [undefined, undefined, undefined, 'kept'],
  );
  assert.equal([foreign['content-type'], foreign.accept], ['text/csv', 'text/html']);
  await call(capability, { ...args, url: `${from.origin}/same` }, context);
  const own = from.requests.at(-1)?.headers ?? {};
  assert.equal([own.authorization, own['x-key'], from.bodies.at(-1)], ['Bearer own', canary, 'kept']);
});

test('NET-05: 303 turns a POST into a GET without body; a chain of 20 is denied after 5', async ({
  capability,
  opened,
}) => {
  const chain = await open((request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end(request.method);
    else response.writeHead(303, { location: `/${left - 1}` }).end();
  });
  opened.push(chain);
  const context = run({ allow: [chain.origin] });
  const args = { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } };
  assert.is((await call(capability, { ...args, url: `${chain.origin}/5` }, context)).body, 'GET');
  assert.equal([chain.bodies.at(-1), chain.requests.at(-1)?.headers['content-type']], ['', undefined]);
  const before = chain.requests.length;
  await denied(call(capability, { ...args, url: `${chain.origin}/20` }, context), 'chain');
  assert.is(chain.requests.length - before, 6);
});

test('NET-06: a name that leads to a private address is denied, also when it did not the first time', async ({
  opened,
}) => {
  const close = { connection: 'close' };
  const site = await open((_, response) => response.writeHead(200, close).end('first'));
  opened.push(site);
  const answers = [['127.0.0.1'], ['127.0.0.2'], ['169.254.169.254', '10.0.0.1'], ['127.0.0.2', '127.0.0.1']];
  const capability = createHttpCapability({ lookup: async () => answers.shift() ?? [] });
  const url = `http://rebind.test:${site.port}`;
  const context = run({ allow: [url], privateRanges: ['127.0.0.1/32'] });
  assert.is((await call(capability, { url }, context)).body, 'first');
  await denied(call(capability, { url }, context), 'second answer');
  await denied(call(capability, { url }, context), 'third answer');
  assert.is((await call(capability, { url }, context)).body, 'first', 'only the address that may be reached is used');
  await capability.close();
});

test('NET-06: the address that a socket really has is judged, not only the one it was opened for', async ({
  capability,
  site,
}) => {
  const before = site.requests.length;
  const url = `http://0.0.0.0:${site.port}`;
  await denied(call(capability, { url }, run({ allow: [url], privateRanges: ['0.0.0.0/32'] })), 'leads to 127.0.0.1');
  assert.is(site.requests.length, before);
});

test('two tenants share no socket', async ({ capability, opened }) => {
  const site = await open((request, response) => response.end(`${request.socket.remotePort}`));
  opened.push(site);
  const ports = [];
  for (const tenant of ['a', 'b', 'a', null]) {
    ports.push((await call(capability, { url: site.origin }, run({ allow: [site.origin] }, { tenant }))).body);
  }
  assert.is(ports[0], ports[2]);
  assert.is(new Set(ports).size, 3);
});

test('the body of a redirect is not read on', async ({ capability, site, opened }) => {
  const from = await open((_, response) => {
    response.writeHead(302, { location: site.origin }).write('x'.repeat(10_000));
  });
  opened.push(from);
  assert.is((await call(capability, { url: from.origin }, run({ allow: [site.origin, from.origin] }))).status, 200);
  const closed = closing(from).then(() => 'closed');
  if (!from.requests[0]?.socket.destroyed) assert.is(await Promise.race([closed, sleep(1_000)]), 'closed');
});

test('NET-06: a socket that another set of grants opened is not used again', async ({ capability, site }) => {
  const url = `http://kept.test:${site.port}`;
  await call(capability, { url }, run({ allow: [url] }));
  await denied(call(capability, { url }, run({ allow: [url], privateRanges: [] })), 'same tenant, narrower');
  await denied(call(capability, { url }, run({ allow: [url], privateRanges: [] }, { tenant: 'b' })), 'another tenant');
});

test('NET-07: other schemes, http for https and other ports are denied', async ({ capability, site }) => {
  const before = site.sockets;
  const allow = [site.origin, 'https://ok.test', 'file:///etc', 'ftp://ok.test'];
  for (const url of [
    'file:///etc/passwd',
    'ftp://ok.test/',
    'gopher://ok.test/',
    'data:text/plain,x',
    `ws://127.0.0.1:${site.port}/`,
    'unix:/var/run/docker.sock',
    'http://ok.test/',
    'https://ok.test:8443/',
    `https://127.0.0.1:${site.port}/`,
    'javascript:alert(1)',
    `blob:${site.origin}/x`,
  ]) {
    await denied(call(capability, { url }, run({ allow })), url);
  }
  assert.is(site.sockets, before);
  assert.match((await refusal(call(capability, { url: 'ws://ok.test/' }, run({ allow })))).message, 'scheme ws:');
});

test('NET-08: the parsed URL decides, and it is the one that is used', async ({ capability, site }) => {
  const { port } = site;
  const allow = [`http://ok.test:${port}`];
  for (const url of [
    `http://ok.test:${port}@evil.test:${port}/`,
    `http://evil.test:${port}#ok.test:${port}`,
    `http://evil.test:${port}?http://ok.test:${port}`,
    `http://evil.test:${port}\\@ok.test:${port}/`,
    `http://user:pass@ok.test:${port}/`,
    `http://user@ok.test:${port}/`,
  ]) {
    await denied(call(capability, { url }, run({ allow })), url);
  }
  const answer = await call(capability, { url: `http://ok.test:${port}\\@evil.test/` }, run({ allow }));
  assert.equal(
    [JSON.parse(answer.body).url, JSON.parse(answer.body).headers.host],
    ['/@evil.test/', `ok.test:${port}`],
  );
});

test('NET-09: hosts match exactly or label by label', async ({ capability, site }) => {
  const { port } = site;
  const at = (host: string) => `http://${host}:${port}`;
  const no: [string, string][] = [
    ['ok.test', 'ok.test.evil'],
    ['ok.test', 'evilok.test'],
    ['ok.test', 'a.ok.test'],
    ['ok.test', 'ok.test.'],
    ['*.ok.test', 'ok.test'],
    ['*.ok.test', 'a.b.ok.test'],
    ['*.ok.test', 'a.evil.test'],
    ['*.ok.test', 'aok.test'],
    ['*.ok.test', 'a.ok.test.evil'],
    ['*.ok.test', 'a.ok'],
    ['*', 'ok.test'],
    ['*.test', 'ok.test'],
    ['*.*', 'ok.test'],
    ['o*.ok.test', 'ok.ok.test'],
    ['*.0.0.1', '127.0.0.1'],
    ['bücher.test', 'bucher.test'],
    ['ok.test/path', 'ok.test'],
  ];
  for (const [entry, host] of no) {
    await denied(call(capability, { url: at(host) }, run({ allow: [at(entry)] })), `${entry} ${host}`);
  }
  const yes: [string, string][] = [
    ['ok.test', 'OK.test'],
    ['OK.TEST', 'ok.test'],
    ['*.ok.test', 'a.ok.test'],
    ['*.*.ok.test', 'a.b.ok.test'],
    ['bücher.test', 'xn--bcher-kva.test'],
    ['xn--bcher-kva.test', 'BÜCHER.test'],
  ];
  for (const [entry, host] of yes) {
    assert.is((await call(capability, { url: at(host) }, run({ allow: [at(entry)] }))).status, 200, `${entry} ${host}`);
  }
});

test('NET-10: headers and methods that are the host’s, and line ends anywhere, are denied', async ({
  capability,
  site,
}) => {
  const context = run({ allow: [site.origin] });
  const before = site.requests.length;
  const headers = [
    'Host',
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'TE',
    'Upgrade',
    'Content-Length',
    'Expect',
    'Cookie',
    'Proxy-Authorization',
    'Proxy-Connection',
    'x\r\ny',
    'x y',
    '',
    'x:',
  ];
  for (const name of headers)
    await denied(call(capability, { url: site.origin, headers: { [name]: 'x' } }, context), name);
  for (const value of ['a\r\nHost: evil', 'a\nb', 'a\u0000b', 'a\u2028b']) {
    await denied(call(capability, { url: site.origin, headers: { 'x-a': value } }, context), value);
  }
  for (const path of ['/a\r\nHost: evil', '/a\tb', '/a\u0000', '\n/']) {
    await denied(call(capability, { url: site.origin + path }, context), path);
  }
  for (const method of ['CONNECT', 'TRACE', 'GET / HTTP/1.1\r\nx: y', '', 1]) {
    await denied(call(capability, { url: site.origin, method }, context), String(method));
  }
  assert.is(site.requests.length, before);
});

test('arguments of the wrong shape are BAD_ARGUMENT', async ({ capability, site }) => {
  const { origin: url } = site;
  for (const args of [
    null,
    [],
    {},
    { url: 1 },
    { url: 'no url' },
    { url: '/relative' },
    { url: `${url}/${'x'.repeat(10_000)}` },
    { url, headers: [] },
    { url, headers: { a: 1 } },
    { url, headers: { A: '1', a: '2' } },
    { url, body: {}, method: 'POST' },
    { url, body: 'x' },
    { url, timeoutMs: 0 },
    { url, timeoutMs: '1' },
    { url, secret: 1 },
  ]) {
    assert.is(
      (await refusal(call(capability, args, run({ allow: [url] })))).code,
      'BAD_ARGUMENT',
      JSON.stringify(args)?.slice(0, 80),
    );
  }
  const { code } = await refusal(
    call(capability, { url, method: 'POST', body: 'x'.repeat(100_001) }, run({ allow: [url] })),
  );
  assert.is(code, 'TOO_LARGE');
});

test('NET-11: a large answer, a gzip bomb and endless chunks are TOO_LARGE, and the sending stops', async ({
  capability,
  opened,
}) => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const closed: string[] = [];
  const site = await open((request, response) => {
    request.socket.once('close', () => closed.push(request.url ?? ''));
    if (request.url === '/large') response.end(Buffer.alloc(10_000_000));
    if (request.url === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    if (request.url === '/endless') {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    }
  });
  opened.push(site);
  for (const path of ['/large', '/bomb', '/endless']) {
    const { code } = await refusal(call(capability, { url: site.origin + path }, run({ allow: [site.origin] })), path);
    assert.is(code, 'TOO_LARGE', path);
  }
  // The bomb is small on the wire and has arrived whole: its socket may serve again.
  while (!closed.includes('/large') || !closed.includes('/endless')) await sleep(10);
  const small = await open((_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('inflated')),
  );
  opened.push(small);
  const answer = await call(capability, { url: small.origin }, run({ allow: [small.origin] }));
  assert.equal(
    [answer.body, answer.headers['content-encoding'], answer.headers['content-length']],
    ['inflated', undefined, undefined],
  );
});

test('NET-11: silence, a slow drip and a name that does not resolve end within the time asked for', async ({
  opened,
}) => {
  const site = await open((request, response) => {
    if (request.url === '/silent') return;
    response.write('x');
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  });
  opened.push(site);
  const slow = createHttpCapability({
    lookup: (name) => (name === 'stuck.test' ? new Promise(() => {}) : lookup(name)),
    timeoutMs: 60_000,
  });
  const stuck = `http://stuck.test:${site.port}`;
  const context = run({ allow: [site.origin, stuck] });
  const started = Date.now();
  for (const url of [`${site.origin}/silent`, `${site.origin}/drip`, stuck]) {
    const { code, activityCode, message } = await refusal(call(slow, { url, timeoutMs: 150 }, context), url);
    assert.equal([code, activityCode], ['UNAVAILABLE', 'HTTP_UNAVAILABLE'], url);
    assert.match(message, 'in time');
  }
  assert.ok(Date.now() - started < 3_000);
  const late = await refusal(call(slow, { url: site.origin }, { ...context, deadline: Date.now() - 1 }));
  assert.is(late.code, 'UNAVAILABLE');
  await slow.close();
});

test('a run that ends takes its request with it', async ({ capability, opened }) => {
  const site = await open(() => {});
  opened.push(site);
  const stop = new AbortController();
  const work = refusal(call(capability, { url: site.origin }, run({ allow: [site.origin] }, { signal: stop.signal })));
  while (site.requests.length === 0) await sleep(5);
  const gone = closing(site);
  stop.abort();
  assert.is((await work).code, 'UNAVAILABLE');
  await gone;
});

test('NET-12: a tenant with too many open requests is stopped, another is served', async ({ opened }) => {
  const site = await open((request, response) => {
    if (request.url === '/b') response.end();
  });
  opened.push(site);
  const capability = createHttpCapability({ inFlight: 10 });
  const stop = new AbortController();
  const context = run({ allow: [site.origin] }, { signal: stop.signal });
  const work = Array.from({ length: 1_000 }, () => refusal(call(capability, { url: `${site.origin}/a` }, context)));
  const other = run({ allow: [site.origin] }, { tenant: 'b' });
  assert.is((await call(capability, { url: `${site.origin}/b` }, other)).status, 200);
  stop.abort();
  const codes = (await Promise.all(work)).map(({ code }) => code);
  assert.is(codes.filter((code) => code === 'TOO_MANY_CALLS').length, 990);
  assert.ok(site.sockets <= 11);
  await capability.close();
});

test('NET-13: an empty or unreadable list denies everything', async ({ capability, site }) => {
  const before = site.sockets;
  for (const allow of [
    [],
    [''],
    ['*'],
    ['http://'],
    ['http://*'],
    ['127.0.0.1'],
    [`127.0.0.1:${site.port}`],
    ['null'],
  ]) {
    await denied(call(capability, { url: site.origin }, run({ allow })), JSON.stringify(allow));
  }
  assert.is(site.sockets, before);
});

test('a run without the grant is denied by its name', async ({ capability, site }) => {
  const context = run({ allow: [site.origin] });
  const without = { ...context, grants: { ...context.grants, capabilities: new Set(['db'] as const) } };
  const { code, activityCode, message } = await refusal(call(capability, { url: site.origin }, without));
  assert.equal([code, activityCode], ['DENIED', 'CAPABILITY_REFUSED']);
  assert.match(message, '"http"');
});

test('NET-14: the host puts in the secret, and masks it wherever the server echoes it', async ({
  capability,
  opened,
}) => {
  const value = `Bearer ${canary}`;
  const site = await open((request, response) => {
    const sent = String(request.headers.authorization);
    const forms = [sent, sent.slice(7), encodeURIComponent(canary), Buffer.from(sent).toString('base64')];
    response.setHeader('x-echo', sent).setHeader('x-part', sent.slice(7));
    response.end(JSON.stringify({ got: sent === value, forms, text: forms.join(' ') }));
  });
  opened.push(site);
  const secrets = new Map([['key', { origin: `${site.origin}/`, header: 'Authorization', value }]]);
  const context = run({ allow: [site.origin], secrets });
  const answer = await call(capability, { url: site.origin, secret: 'key' }, context);
  assert.is(JSON.parse(answer.body).got, true);
  const all = JSON.stringify(answer);
  for (const form of [
    canary,
    JSON.stringify(canary).slice(1, -1),
    encodeURIComponent(canary),
    Buffer.from(value).toString('base64'),
  ]) {
    assert.not.ok(all.includes(form), form);
  }
  assert.equal([answer.headers['x-echo'], answer.headers['x-part']], ['***', 'Bearer ***'.slice(7)]);
});

test('a secret goes to its own origin only, and an unknown alias is denied', async ({ capability, site, opened }) => {
  const other = await open((_, response) => response.end());
  opened.push(other);
  const secrets = new Map([['key', { origin: other.origin, header: 'x-key', value: canary }]]);
  const context = run({ allow: [site.origin, other.origin], secrets });
  const before = site.requests.length;
  await denied(call(capability, { url: site.origin, secret: 'key' }, context), 'another origin');
  await denied(call(capability, { url: other.origin, secret: 'none' }, context), 'unknown');
  await denied(call(capability, { url: other.origin, secret: '__proto__' }, context), 'no own name');
  assert.is(site.requests.length, before);
});

test('a server that is gone, hangs up or answers nonsense is UNAVAILABLE without host text', async ({
  capability,
  opened,
}) => {
  const site = await open((request, response) => {
    if (request.url === '/hangup') request.socket.destroy();
    if (request.url === '/nonsense') request.socket.end('no http\r\n\r\n');
    if (request.url === '/cut')
      response.writeHead(200, { 'content-length': '100' }).write('x', () => request.socket.destroy());
    if (request.url === '/badzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip');
    if (request.url === '/encoding') response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end('x');
  });
  opened.push(site);
  const urls = ['/hangup', '/nonsense', '/cut', '/badzip', '/encoding'].map((path) => site.origin + path);
  for (const url of [...urls, 'http://127.0.0.1:1/', 'http://no.nowhere/']) {
    const { code, activityCode, message } = await refusal(
      call(capability, { url }, run({ allow: [site.origin, 'http://127.0.0.1:1', 'http://no.nowhere'] })),
      url,
    );
    assert.equal([code, activityCode], ['UNAVAILABLE', 'HTTP_UNAVAILABLE'], url);
    assert.not.match(message, /ECONN|socket|errno|node:/i);
  }
});

test('after close no call starts, and no socket is left', async ({ opened }) => {
  const site = await open((_, response) => response.end());
  opened.push(site);
  const capability = createHttpCapability();
  await call(capability, { url: site.origin }, run({ allow: [site.origin] }));
  const gone = closing(site);
  await capability.close();
  await capability.close();
  await gone;
  assert.is((await refusal(call(capability, { url: site.origin }, run({ allow: [site.origin] })))).code, 'UNAVAILABLE');
});

test.run();
