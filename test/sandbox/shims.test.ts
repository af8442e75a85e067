import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, openRig, outputOf, START } from './rig.ts';

const test = suite('globals that a script expects');
const rig = openRig();

test.after(() => rig.sandbox.close());

const run = async (body: string, over = {}): Promise<unknown> =>
  outputOf(await rig.run(`async function main(p) { ${body} }`, over));

test('URL and URLSearchParams parse and print as the standard says', async () => {
  const body = `const u = new URL('../b?x=1&y=%20#h', 'https://user@example.org:8443/a/c/'); u.searchParams.append('z', 'ä&');
    return [u.href, u.origin, u.pathname, [...u.searchParams], new URLSearchParams({ a: '1', b: '2' }).toString(), URL.canParse('nope'), new URL('http://2130706433/').hostname];`;
  assert.equal(await run(body), [
    'https://user@example.org:8443/a/b?x=1&y=+&z=%C3%A4%26#h',
    'https://example.org:8443',
    '/a/b',
    [
      ['x', '1'],
      ['y', ' '],
      ['z', 'ä&'],
    ],
    'a=1&b=2',
    false,
    '127.0.0.1',
  ]);
});

test('TextEncoder and TextDecoder speak UTF-8', async () => {
  const body = `const bytes = new TextEncoder().encode('aä€😀');
    let fatal = ''; try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff])); } catch (e) { fatal = e.constructor.name; }
    return [[...bytes], new TextDecoder().decode(bytes), new TextDecoder().decode(new Uint8Array([0x61, 0xff])), fatal];`;
  assert.equal(await run(body), [
    [0x61, 0xc3, 0xa4, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80],
    'aä€😀',
    'a\ufffd',
    'TypeError',
  ]);
});

test('atob and btoa are inverse and refuse what they must', async () => {
  const body = `let bad = ''; try { btoa('€'); } catch (e) { bad = e.name; } return [btoa('hello\\xff'), atob('aGVsbG//'), atob(' aGk '), bad];`;
  assert.equal(await run(body), ['aGVsbG//', 'hello\xff', 'hi', 'InvalidCharacterError']);
});

test('structuredClone copies maps, dates and cycles, and refuses functions', async () => {
  const body = `const a = { m: new Map([[1, { d: new Date(0) }]]), n: [undefined] }; a.self = a; const b = structuredClone(a);
    let bad = ''; try { structuredClone(() => 1); } catch (e) { bad = e.name; }
    return [b !== a, b.self === b, b.m.get(1).d.getTime(), b.n.length, bad];`;
  assert.equal(await run(body), [true, true, 0, 1, 'DataCloneError']);
});

test('crypto digests as the published vectors say, and its randomness differs from run to run', async () => {
  const body = `const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0')).join('');
    const abc = new TextEncoder().encode('abc');
    return [hex(await crypto.subtle.digest('SHA-256', abc)), hex(await crypto.subtle.digest({ name: 'sha-1' }, abc)), crypto.randomUUID(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(4))]];`;
  const [sha256, sha1, first, second] = (await run(body)) as string[];
  assert.is(sha256, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.is(sha1, 'a9993e364706816aba3e25717850c26c9cd0d89d');
  assert.match(first ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.is.not(first, second);
  const again = (await run(body)) as string[];
  assert.is.not(again[2], first);
});

test('timers fire in order, repeat and can be cleared', async () => {
  const body = `const seen = []; const never = setTimeout(() => seen.push('never'), 5); clearTimeout(never);
    setTimeout((a) => seen.push(a), 30, 'late'); setTimeout(() => seen.push('early'), 1); queueMicrotask(() => seen.push('micro'));
    await new Promise((done) => { let n = 0; const id = setInterval(() => { seen.push(n); if (++n === 3) { clearInterval(id); done(); } }, 12); });
    await new Promise((r) => setTimeout(r, 30)); return seen;`;
  const seen = (await run(body)) as unknown[];
  assert.equal(seen.slice(0, 2), ['micro', 'early']);
  assert.equal(
    seen.filter((entry) => typeof entry === 'number'),
    [0, 1, 2],
  );
  assert.ok(seen.includes('late'));
  assert.not.ok(seen.includes('never'));
});

test('an error in a timer ends the run, and endless timers are refused', async () => {
  const outcome = await rig.run(
    'async function main() { setTimeout(() => { throw new Error("late"); }, 1); await new Promise(() => {}); }',
  );
  assert.equal(outcome.ok ? null : [outcome.error.code, outcome.error.message], ['SCRIPT_ERROR', 'late']);
  const flood = await rig.run('async function main() { for (;;) setTimeout(() => {}, 1e6); }');
  assert.is(codeOf(flood), 'SCRIPT_ERROR');
});

test('AbortController and AbortSignal abort, time out and combine', async () => {
  const body = `const c = new AbortController(); let heard = 0; c.signal.addEventListener('abort', () => heard++, { once: true }); c.signal.onabort = () => heard++;
    const any = AbortSignal.any([c.signal, AbortSignal.timeout(5)]); c.abort(); c.abort();
    const t = AbortSignal.timeout(1); await new Promise((r) => t.addEventListener('abort', r));
    let threw = ''; try { c.signal.throwIfAborted(); } catch (e) { threw = e.name; }
    return [heard, any.aborted, t.reason.name, threw, AbortSignal.abort('x').reason, new DOMException('m', 'AbortError').code];`;
  assert.equal(await run(body), [2, true, 'TimeoutError', 'AbortError', 'x', 20]);
});

test('fetch is http.fetch with a Response around it', async () => {
  const requests: unknown[] = [];
  const body = `const r = await fetch(new URL('https://api.example.org/x'), { method: 'post', headers: new Headers({ 'X-A': '1' }), body: new URLSearchParams({ q: 'ä' }) });
    return [r.ok, r.status, r.headers.get('Content-Type'), await r.clone().json(), (await r.arrayBuffer()).byteLength];`;
  const answer = await run(body, {
    call: async (method: string, args: unknown) => {
      requests.push(method, args);
      return { status: 201, headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
    },
  });
  assert.equal(answer, [true, 201, 'application/json', { a: 1 }, 7]);
  assert.equal(requests, [
    'http.fetch',
    {
      url: 'https://api.example.org/x',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8', 'x-a': '1' },
      body: 'q=%C3%A4',
    },
  ]);
});

test('a refused fetch rejects with the code of the call, an aborted one with the reason', async () => {
  const refused = `try { await fetch('https://x.example'); } catch (e) { return [e.code, e.message]; }`;
  const denied = Object.assign(new Error('not on the list'), { code: 'DENIED' });
  assert.equal(await run(refused, { call: () => Promise.reject(denied) }), ['DENIED', 'not on the list']);
  const slow = `try { await fetch('https://x.example', { signal: AbortSignal.timeout(10) }); } catch (e) { return e.name; }`;
  assert.is(await run(slow, { call: () => new Promise(() => undefined) }), 'TimeoutError');
});

test('console writes lines of the log with their level', async () => {
  rig.lines.length = 0;
  await run(
    `console.log('a', { b: 1 }, 2n); console.warn('w'); console.error(new TypeError('t')); console.debug(Symbol('s'));`,
  );
  assert.equal(
    rig.lines.map((line) => line.level),
    ['info', 'warn', 'error', 'debug'],
  );
  assert.is(rig.lines[0]?.message, 'a {"b":1} 2');
  assert.match(rig.lines[2]?.message ?? '', /^TypeError: t/);
});

const DRAWS = `const d0 = Date.now(); await new Promise((r) => setTimeout(r, 20)); return [crypto.randomUUID(), Math.random(), d0, Date.now() - d0, new Date().toISOString(), new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format()];`;

test('a deterministic run draws and counts the same in every attempt, from its start time', async () => {
  const of = (attempt: number, activity = 'a') => ({
    run: { id: 'run-1', workflow: 'w', activity, attempt, startedAt: START, deterministic: true },
  });
  const first = (await run(DRAWS, of(1))) as unknown[];
  assert.equal(await run(DRAWS, of(2)), first);
  assert.equal(first.slice(2), [Date.parse(START), 20, '2026-01-02T03:04:05.698Z', '1/2/2026']);
  const other = (await run(DRAWS, of(1, 'b'))) as unknown[];
  assert.is.not(other[0], first[0]);
  assert.is.not(other[1], first[1]);
});

test('an ordinary run has the real time in whole milliseconds', async () => {
  const [, , now] = (await run(DRAWS)) as number[];
  assert.ok(Math.abs((now ?? 0) - Date.now()) < 60_000);
  assert.ok(Number.isInteger(now));
});

test.run();
