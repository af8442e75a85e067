import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Door } from '../../host/webhooks/door.ts';
import { type Claim, prove, weakness } from '../../host/webhooks/proof.ts';
import type { WebhookRule } from '../../registry/index.ts';

const proof = suite('proofs of senders');
const SECRET = 'a-secret-of-some-length';
const OTHER = 'another-secret-of-length';
const RAW = Buffer.from('{"b": 1, "a":2}');
const NOW = Date.now();
const seconds = (offset = 0): number => Math.floor(NOW / 1000) + offset;

function claim(more: Partial<Claim>): Claim {
  return { signature: 'hmac', header: null, secrets: [SECRET], headers: {}, raw: RAW, now: NOW, ...more };
}

function sign(time: number | string = seconds(), secret = SECRET, raw: Buffer | string = RAW): string {
  return createHmac('sha256', secret).update(`${time}.`).update(raw).digest('hex');
}

const signed = (header: string, more: Partial<Claim> = {}) =>
  prove(claim({ headers: { 'cloister-signature': header }, ...more }));

proof('an HMAC over time and raw body proves the sender, with any secret of a rotation', () => {
  const good = `t=${seconds()},v1=${sign()}`;
  assert.equal(signed(good), { signed: String(seconds()) });
  assert.ok(signed(good, { secrets: [OTHER, SECRET] }), 'the older secret');
  assert.ok(signed(`t=${seconds()}, v1=${sign(seconds(), OTHER)}, v1=${sign()}`), 'a sender that signs with both');
  assert.ok(prove(claim({ header: 'x-lab', headers: { 'x-lab': good } })), 'a header of its own');
  assert.not.ok(signed(good, { secrets: [OTHER] }));
});

proof('WHK-01 a signature that is missing, short, of odd length or not hex is refused without an exception', () => {
  const t = `t=${seconds()}`;
  const wrong = [
    '',
    t,
    `v1=${sign()}`,
    `${t},v1=`,
    `${t},v1=ab`,
    `${t},v1=${sign().slice(1)}`,
    `${t},v1=${'z'.repeat(64)}`,
  ];
  for (const header of wrong) assert.is(signed(header), null, header);
  assert.is(prove(claim({})), null);
  assert.is(prove(claim({ headers: { 'cloister-signature': ['x', 'y'] } })), null);
});

proof('WHK-02 the same JSON written otherwise is refused: the signature is over bytes', () => {
  const header = `t=${seconds()},v1=${sign()}`;
  for (const text of ['{"b":1,"a":2}', '{"a":2,"b": 1}', `${RAW} `])
    assert.is(signed(header, { raw: Buffer.from(text) }), null);
});

proof('WHK-03 a time that is old, ahead, no number or not part of the signed text is refused', () => {
  for (const offset of [-360, 360]) assert.is(signed(`t=${seconds(offset)},v1=${sign(seconds(offset))}`), null);
  for (const offset of [-290, 290]) assert.ok(signed(`t=${seconds(offset)},v1=${sign(seconds(offset))}`));
  for (const time of ['x', '', `${seconds()}x`, `+${seconds()}`, '1e9', 'NaN']) {
    assert.is(signed(`t=${time},v1=${sign(time)}`), null, time);
  }
  const bare = createHmac('sha256', SECRET).update(RAW).digest('hex');
  assert.is(signed(`t=${seconds()},v1=${bare}`), null);
  assert.is(signed(`t=${seconds(-360)},t=${seconds()},v1=${sign(seconds(-360))}`), null, 'two times');
});

const KEY = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

function standard(offset = 0, raw = RAW): Record<string, string> {
  const at = new Date(seconds(offset) * 1000);
  const signature = new Webhook(KEY).sign('msg_1', at, raw.toString());
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(seconds(offset)), 'webhook-signature': signature };
}

proof(
  'Standard Webhooks: good ones prove their id; old, changed and torn ones are refused (WHK-01, WHK-02, WHK-03)',
  () => {
    const ask = (headers: Record<string, string>, raw = RAW) =>
      prove(claim({ signature: 'standard-webhooks', secrets: [KEY], headers, raw }));
    assert.equal(ask(standard()), { signed: 'msg_1' });
    assert.is(ask(standard(), Buffer.from('{"a":2,"b":1}')), null);
    assert.is(ask({ ...standard(), 'webhook-id': 'msg_2' }), null);
    assert.is(ask({ ...standard(), 'webhook-timestamp': `${seconds()}x` }), null);
    for (const offset of [-360, 360]) assert.is(ask(standard(offset)), null);
    for (const signature of ['', 'v1', 'v1,', 'v1,abc', 'v2,abc', 'x'.repeat(9999)]) {
      assert.is(ask({ ...standard(), 'webhook-signature': signature }), null, signature);
    }
    // The library reads bytes that are no UTF-8 as others.
    const torn = Buffer.from([0x22, 0xff, 0x22]);
    assert.is(ask(standard(0, torn), torn), null);
    assert.is(ask({}), null);
    const large = Buffer.alloc(128 * 1024 + 1, 0x20);
    assert.is(ask(standard(0, large), large), null, 'computed for strangers too');
  },
);

proof('a shared secret and a bearer token are compared whole', () => {
  const shared = (value: string) =>
    prove(claim({ signature: 'shared-secret', header: 'x-token', headers: { 'x-token': value } }));
  const bearer = (value: string) => prove(claim({ signature: 'bearer', headers: { authorization: value } }));
  assert.equal(shared(SECRET), { signed: null });
  assert.ok(bearer(`Bearer ${SECRET}`));
  for (const value of ['', SECRET.slice(1), `${SECRET}x`]) {
    assert.is(shared(value), null);
    assert.is(bearer(`Bearer ${value}`), null);
  }
  assert.is(bearer(SECRET), null);
});

proof('WHK-07 an empty or short secret opens nothing, and the trigger says so', () => {
  for (const secret of [undefined, '', ' ', 'short', 'with blanks in between']) {
    assert.ok(weakness(secret, 'hmac'), `${secret}`);
    const door = new Door({ token: secret ?? null, find: () => secret });
    const rule: WebhookRule = {
      signature: 'shared-secret',
      header: null,
      secrets: ['HOOK'],
      tenant: null,
      headers: [],
      repeats: 'once',
    };
    const given = { headers: { 'x-webhook-secret': secret ?? '', authorization: `Bearer ${secret ?? ''}` }, raw: RAW };
    for (const each of [rule, { ...rule, signature: 'bearer', secrets: [] } as const]) {
      assert.is(door.admit(each, { ...given, isLocal: false }), null);
      assert.is(door.problemsOf(each).length, 1);
    }
    assert.match(door.problemsOf(rule)[0] ?? '', /^CLOISTER_WEBHOOK_SECRET_HOOK is not/);
    assert.ok(door.admit(rule, { ...given, isLocal: true }), 'the machine of a development host');
    assert.is(door.admit(null, { ...given, isLocal: true }), null, 'a trigger that nobody may post to');
  }
  assert.match(weakness('whsec_AAAA', 'standard-webhooks') ?? 'whsec', /not usable|16/);
  assert.is(weakness(KEY, 'standard-webhooks'), null);
});

proof('WHK-05 a secret opens the triggers that name it, and no other', () => {
  const door = new Door({ token: 'token-of-the-fhir-server', find: (alias) => ({ A: SECRET, B: OTHER })[alias] });
  const rule = (secrets: string[]): WebhookRule => {
    return { signature: 'bearer', header: null, secrets, tenant: null, headers: [], repeats: 'once' };
  };
  const ask = (secrets: string[], secret: string) =>
    door.admit(rule(secrets), { headers: { authorization: `Bearer ${secret}` }, raw: RAW, isLocal: false }) !== null;
  assert.ok(ask(['A'], SECRET));
  assert.ok(ask(['A', 'B'], OTHER));
  assert.not.ok(ask(['B'], SECRET));
  assert.ok(ask([], 'token-of-the-fhir-server'));
  assert.not.ok(ask(['A'], 'token-of-the-fhir-server'), "the host's token is not every sender's");
});

proof('WHK-06 every request is judged by the same computations, whatever the trigger', () => {
  const raw = Buffer.alloc(128 * 1024, 0x20);
  const times: number[] = [];
  const kinds = ['bearer', 'shared-secret', 'hmac', 'standard-webhooks'] as const;
  const headers = { ...standard(), 'cloister-signature': `t=${seconds()},v1=${sign()}`, authorization: 'Bearer x' };
  for (const secrets of [[], [SECRET], [KEY]]) {
    for (const signature of kinds) {
      const rounds = [1, 2, 3].map(() => {
        const start = performance.now();
        assert.is(prove(claim({ signature, secrets, headers, raw })), null, signature);
        return performance.now() - start;
      });
      times.push(Math.min(...rounds));
    }
  }
  // One that did without the hashes over the body would be over in a hundredth of the time.
  assert.ok(Math.min(...times) > Math.max(...times) / 20, times.map((each) => each.toFixed(1)).join(' '));
});

proof.run();
