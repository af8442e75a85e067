// timeout: 120
/** P6: however a URL, a DNS answer or a redirect is put, nothing off the list is reached and no credential goes astray. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Capability, CapabilityError } from '../../host/broker/capability.ts';
import { dnsLookup } from '../../host/broker/http/dns.ts';
import { createHttpCapability } from '../../host/broker/http.ts';
import { call, run } from './network/call.ts';
import { type Dns, openDns, type Zone } from './network/dns.ts';
import { disguises, formsOf, LOOPBACK_6 } from './network/forms.ts';
import { type Canary, open, openCanary, type Site } from './network/site.ts';

const GOOD = '127.10.0.1';
const OTHER = '127.10.0.3';
const FORBIDDEN = '127.10.0.2';
const KEY = 'canary-key-5f3a91';
const OWN = 'canary-own-77b2c0';

interface Context {
  /** Allowed; redirects to what its path says. */
  good: Site;
  /** Allowed too, yet no credential is meant for it. */
  other: Site;
  canaries: Canary[];
  dns: Dns;
  capability: Capability;
  /** Calls made. */
  variants: number;
}

/** Ways to get a client to a URL, each as the arguments of a call. */
type Way = (url: string, good: string) => object;

const token = { authorization: `Bearer ${OWN}`, 'x-own-token': OWN };
const via = (status: number, url: string, good: string) =>
  `${good}/to/${status}/${Buffer.from(url).toString('base64url')}`;

const WAYS: readonly Way[] = [
  (url) => ({ url, headers: token }),
  (url) => ({ url, method: 'POST', body: OWN, secret: 'key' }),
  (url, good) => ({ url: via(302, url, good), headers: token, secret: 'key' }),
  (url, good) => ({ url: via(307, url, good), method: 'POST', body: OWN, headers: token, secret: 'key' }),
];

const test = suite<Context>('variants of URL, DNS answer and redirect');

test.before(async (context) => {
  context.good = await open((request, response) => {
    const [, word, status, target = ''] = (request.url ?? '').split('/');
    if (word === 'close') response.setHeader('connection', 'close');
    if (word !== 'to') return void response.end('good');
    const location = Buffer.from(target, 'base64url').toString();
    // What a header may not hold comes as a browser would get it from a page; other servers send it raw.
    response.writeHead(Number(status), { location: encodeURI(location).replaceAll('%25', '%') }).end();
  }, GOOD);
  const { port } = context.good;
  context.other = await open((_, response) => response.end('other'), OTHER, port);
  context.canaries = await Promise.all([
    openCanary('127.0.0.1', port),
    openCanary(FORBIDDEN, port),
    openCanary('::1', port),
    openCanary(GOOD),
    openCanary('127.0.0.1'),
  ]);
  context.dns = await openDns();
  context.capability = createHttpCapability({ lookup: dnsLookup({ servers: [context.dns.server] }), timeoutMs: 3_000 });
  context.variants = 0;
  context.dns.zones.set('ok.test', { a: [GOOD] });
  context.dns.zones.set('other.test', { a: [OTHER] });
  for (const name of ['evil.test', 'ok.test.evil.test', 'evilok.test']) context.dns.zones.set(name, { a: [FORBIDDEN] });
});

test.after(async ({ good, other, canaries, dns, capability }) => {
  await capability.close();
  await Promise.all([good, other, ...canaries].map((each) => each.close()));
  await dns[Symbol.asyncDispose]();
});

function grantsOf({ good, other }: Context, allow: readonly string[] = []) {
  const secrets = new Map([['key', { origin: origin(good), header: 'x-key', value: KEY }]]);
  const ranges = [`${GOOD}/32`, `${OTHER}/32`];
  return { allow: [origin(good), `http://other.test:${other.port}`, ...allow], privateRanges: ranges, secrets };
}

const origin = ({ port }: Site): string => `http://ok.test:${port}`;

/** What came of a call: the body of the answer, or the code of the error. Any other error is a bug. */
async function outcome(context: Context, args: object, allow: readonly string[] = []): Promise<string> {
  context.variants += 1;
  try {
    return (await call(context.capability, args, run(grantsOf(context, allow)))).body;
  } catch (error) {
    assert.instance(error, CapabilityError, `${JSON.stringify(args)} ${String(error)}`);
    return (error as CapabilityError).code;
  }
}

/** Whatever happened so far: no canary was touched, and no credential is where it does not belong. */
function unharmed({ canaries, other }: Context, note: string): void {
  for (const { host, port, hits, heard } of canaries) assert.equal([hits, heard], [0, ''], `${note} → ${host}:${port}`);
  for (const { headers, url } of other.requests.splice(0)) {
    assert.not.match(JSON.stringify([headers, url]), /canary-/, `${note} → ${OTHER}`);
  }
}

const REFUSED = ['DENIED', 'BAD_ARGUMENT', 'UNAVAILABLE'];

test('the canaries hear what reaches them', async ({ canaries }) => {
  for (const canary of canaries) {
    const socket = connect(canary.port, canary.host);
    socket.end('x');
    socket.resume();
    await once(socket, 'close');
    assert.equal([canary.hits, canary.heard], [1, 'x']);
    canary.hits = 0;
    canary.heard = '';
  }
});

test('an address that may not be reached is refused in every way of writing it, on the list or not', async (context) => {
  const { port } = context.good;
  const hosts = [...['127.0.0.1', FORBIDDEN, '0.0.0.0', '169.254.169.254'].flatMap(formsOf), ...LOOPBACK_6];
  for (const host of hosts) {
    const url = `http://${host}:${port}`;
    for (const allow of [[], [url], [URL.parse(url)?.origin ?? url]]) {
      for (const way of WAYS) {
        const ended = await outcome(context, way(`${url}/`, origin(context.good)), allow);
        assert.ok(REFUSED.includes(ended), `${url} ${JSON.stringify(allow)}: ${ended}`);
        unharmed(context, url);
      }
    }
  }
});

test('the same URLs reach the canaries when grants say so: it is the grants that keep them away', async (context) => {
  const { port } = context.good;
  for (const host of formsOf(FORBIDDEN)) {
    const url = `http://${host}:${port}/`;
    const allow = [URL.parse(url)?.origin ?? url];
    const all = { allow, privateRanges: ['127.0.0.0/8'] };
    await call(context.capability, { url }, run(all)).catch(() => undefined);
  }
  const [, forbidden] = context.canaries;
  assert.ok((forbidden?.hits ?? 0) > 15, `${forbidden?.hits} of them`);
  for (const canary of context.canaries) Object.assign(canary, { hits: 0, heard: '' });
});

test('a URL that looks like another goes where its parsed host says, or nowhere', async (context) => {
  const good = `ok.test:${context.good.port}`;
  const ports = context.canaries.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  for (const bad of [...ports, `evil.test:${context.good.port}`, `ok.test.evil.test:${context.good.port}`]) {
    for (const url of disguises(good, bad)) {
      for (const way of WAYS) {
        const ended = await outcome(context, way(url, `http://${good}`));
        assert.ok(['good', ...REFUSED].includes(ended), `${url}: ${ended}`);
        unharmed(context, url);
      }
    }
  }
});

test('names that are not on the list are refused without a question to DNS', async (context) => {
  const { port } = context.good;
  const asked = context.dns.asked.length;
  for (const host of [
    'evil.test',
    'ok.test.evil.test',
    'evilok.test',
    'ok.test.',
    'a.ok.test',
    'ok-test',
    'ok.testt',
  ]) {
    for (const entry of [[], [`http://*.ok.test:${port + 1}`], [`https://${host}:${port}`], [`http://${host}`]]) {
      assert.is(await outcome(context, { url: `http://${host}:${port}/` }, entry), 'DENIED', host);
    }
  }
  assert.is(context.dns.asked.length, asked);
  unharmed(context, 'names');
});

const ANSWERS: Readonly<Record<string, readonly [ended: readonly string[], zone: Zone | readonly Zone[]]>> = {
  private: [['DENIED'], { a: [FORBIDDEN] }],
  loopback: [['DENIED'], { a: ['127.0.0.1'] }],
  metadata: [['DENIED'], { a: ['169.254.169.254'] }],
  zero: [['DENIED'], { a: ['0.0.0.0'] }],
  'six-only': [['DENIED'], { aaaa: ['::1'] }],
  unspecified: [['DENIED'], { aaaa: ['::'] }],
  mapped: [['DENIED'], { aaaa: [`::ffff:${FORBIDDEN}`] }],
  nat64: [['DENIED'], { aaaa: [`64:ff9b::${FORBIDDEN}`] }],
  'local-nat64': [['DENIED'], { aaaa: [`64:ff9b:1::${FORBIDDEN}`] }],
  sixtofour: [['DENIED'], { aaaa: ['2002:7f0a:2::1'] }],
  compatible: [['DENIED'], { aaaa: [`::${FORBIDDEN}`] }],
  'link-local': [['DENIED'], { aaaa: ['fe80::1'] }],
  unique: [['DENIED'], { aaaa: ['fd00:ec2::254'] }],
  alias: [['DENIED'], { cname: 'evil.test', a: [FORBIDDEN] }],
  'alias-localhost': [['DENIED'], { cname: 'localhost', a: ['127.0.0.1'], aaaa: ['::1'] }],
  'bad-first': [['good'], { a: [FORBIDDEN, GOOD] }],
  'bad-last': [['good'], { a: [GOOD, FORBIDDEN], aaaa: ['::1'] }],
  'bad-many': [['DENIED'], { a: Array.from({ length: 100 }, (_, n) => `127.10.9.${n}`).concat(FORBIDDEN) }],
  empty: [['UNAVAILABLE'], {}],
  'dangling-alias': [['UNAVAILABLE'], { cname: 'gone.test' }],
  // Both kinds of question are asked at once, so a turn is one pair.
  rebound: [
    ['good', 'DENIED'],
    [{ a: [GOOD] }, { a: [FORBIDDEN] }],
  ],
  'rebound-late': [
    ['good', 'DENIED'],
    [{ a: [GOOD] }, { a: [GOOD] }, { a: ['127.0.0.1'] }],
  ],
  'rebound-six': [
    ['good', 'DENIED'],
    [{ a: [GOOD] }, { aaaa: ['::1'] }],
  ],
};

test('a name on the list that DNS leads astray is not followed: the address that is connected is judged', async (context) => {
  const { port } = context.good;
  for (const [name, [expected, zone]] of Object.entries(ANSWERS)) {
    for (const [nth, way] of WAYS.entries()) {
      const host = `${name}-${nth}.wild.test`;
      context.dns.zones.set(host, zone);
      for (const entry of [`http://${host}:${port}`, `http://*.wild.test:${port}`]) {
        for (const path of ['/close', '/close/again', '/kept']) {
          const url = `http://${host}:${port}${path}`;
          const args = { ...way(url, origin(context.good)) };
          // The key is for another origin: with it the call would end before DNS is asked.
          if (nth === 1) Object.assign(args, { secret: undefined });
          const ended = await outcome(context, args, [entry]);
          assert.ok(expected.includes(ended), `${url} by ${nth}: ${ended}`);
          unharmed(context, url);
        }
      }
    }
  }
});

test('a connection that is kept does not carry a name to where DNS has moved it since', async (context) => {
  const { port } = context.good;
  const url = `http://moved.test:${port}/kept`;
  context.dns.zones.set('moved.test', [{ a: [GOOD] }, { a: [FORBIDDEN], aaaa: ['::1'] }]);
  assert.is(await outcome(context, { url }, [`http://moved.test:${port}`]), 'good');
  const many = Array.from({ length: 30 }, () => outcome(context, { url }, [`http://moved.test:${port}`]));
  for (const ended of await Promise.all(many)) assert.ok(['good', 'DENIED'].includes(ended), ended);
  unharmed(context, url);
});

test('no credential crosses to another origin, whatever the status, the method and the way round', async (context) => {
  const good = origin(context.good);
  const other = `http://other.test:${context.other.port}`;
  for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      for (const chain of [
        [`${other}/`],
        [`${good}/`, `${other}/`],
        [`${good}/to/307/${Buffer.from(`${other}/`).toString('base64url')}`],
        [`//other.test:${context.other.port}/`],
        [`http://OTHER.test:${context.other.port}/`],
      ]) {
        const url = chain.reduceRight((inner, each) => (inner === '' ? each : via(status, inner, good)), '');
        const args = { url: via(status, url, good), method, headers: token, secret: 'key' };
        assert.ok(['other', 'good', ''].includes(await outcome(context, args)), url);
        assert.is(context.good.requests.at(-1)?.headers['x-key'], KEY);
        unharmed(context, `${method} ${status} ${url}`);
      }
    }
  }
});

test('and what is allowed still works: by name, by address, by wildcard, over a redirect, with the key', async (context) => {
  const { port } = context.good;
  const good = origin(context.good);
  context.dns.zones.set('a.wild.test', { a: [GOOD] });
  assert.is(await outcome(context, { url: `${good}/`, secret: 'key' }), 'good');
  assert.is(context.good.requests.at(-1)?.headers['x-key'], KEY);
  assert.is(await outcome(context, { url: `http://${GOOD}:${port}/` }, [`http://${GOOD}:${port}`]), 'good');
  assert.is(
    await outcome(context, { url: `http://[::ffff:7f0a:1]:${port}/` }, [`http://[::ffff:7f0a:1]:${port}`]),
    'good',
  );
  assert.is(await outcome(context, { url: `http://a.wild.test:${port}/` }, [`http://*.wild.test:${port}`]), 'good');
  assert.is(await outcome(context, { url: via(302, `${good}/`, good) }), 'good');
  assert.is(await outcome(context, { url: via(307, `http://other.test:${port}/`, good) }), 'other');
});

test('that was 500 variants or more', (context) => {
  assert.ok(context.variants >= 500, `${context.variants}`);
  unharmed(context, 'at the end');
});

test.run();
