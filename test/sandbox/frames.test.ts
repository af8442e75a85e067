import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deeperThan } from '../../sandbox/depth.ts';
import { encodeFrame, FrameError, FrameReader, MAX_FRAME } from '../../sandbox/frames.ts';
import { parseFromCell } from '../../sandbox/message.ts';
import { Child, cellWalls } from '../../sandbox/process.ts';

const test = suite('frames');

test('messages come out as they went in, however the bytes are cut', () => {
  const messages = [{ a: 1 }, 'ä€😀', null, [1, { b: 'x'.repeat(1000) }]];
  const bytes = Buffer.concat(messages.map(encodeFrame));
  for (const size of [1, 2, 3, 5, 7, 64, bytes.length]) {
    const reader = new FrameReader();
    const out: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size) out.push(...reader.push(bytes.subarray(at, at + size)));
    assert.equal(out, messages);
  }
});

test('a frame that announces more than the cap is refused before its body is kept', () => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(MAX_FRAME + 1);
  assert.throws(
    () => new FrameReader().push(head),
    (error: unknown) => error instanceof FrameError,
  );
});

test('a frame over the cap is not sent, a body that is no JSON not taken', () => {
  const isFrameError = (error: unknown) => error instanceof FrameError;
  assert.throws(() => encodeFrame('x'.repeat(MAX_FRAME)), isFrameError);
  assert.throws(() => new FrameReader().push(Buffer.from([0, 0, 0, 2, 0x7b, 0x7b])), isFrameError);
});

test('a process that breaks the protocol is ended at once', async () => {
  for (const bytes of ['[255,255,255,255]', '[0,0,0,1,123]']) {
    const ended = Promise.withResolvers<string | null>();
    const code = `process.stdout.write(Buffer.from(${bytes})); setInterval(() => {}, 1000);`;
    new Child(code, cellWalls(), { onMessage: () => undefined, onEnd: ended.resolve });
    assert.match((await ended.promise) ?? '', /a frame/);
  }
});

test('a message of a cell that has not its shape is none', () => {
  const usage = { cpuMs: 1, wallMs: 1, calls: 1 };
  const bad: unknown[] = [
    null,
    [],
    'x',
    { t: 'nope', id: 1 },
    { t: 'gone' },
    { t: 'gone', id: -1 },
    { t: 'gone', id: 1.5 },
    { t: 'call', id: 1, call: 1, method: 1, args: '' },
    { t: 'log', id: 1, level: 'fatal', message: '' },
    { t: 'log', id: 1, level: 'info', message: '', data: {} },
    { t: 'end', id: 1, ended: { ok: true }, usage },
    { t: 'end', id: 1, ended: { ok: false, code: 'MADE_UP', message: '' }, usage },
    { t: 'end', id: 1, ended: { ok: true, output: '1' }, usage: { ...usage, cpuMs: 'x' } },
  ];
  for (const value of bad) assert.is(parseFromCell(value), null, JSON.stringify(value));
  assert.equal(parseFromCell({ t: 'gone', id: 1, more: 'dropped' }), { t: 'gone', id: 1 });
});

test('depth is counted on the text, brackets in strings left out', () => {
  assert.not.ok(deeperThan('[[{"a":[1]}]]', 4));
  assert.ok(deeperThan('[[{"a":[1]}]]', 3));
  assert.not.ok(deeperThan('"[[[[[\\"[[[["', 1));
  assert.ok(deeperThan('['.repeat(1e6), 256));
});

test.run();
