// timeout: 60
import { execFile } from 'node:child_process';
import { symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiError } from '../../host/error.ts';
import { packPlugin } from '../../host/plugins/pack.ts';
import { Places } from '../../host/plugins/places.ts';
import { UPLOAD_LIMITS } from '../../host/plugins/receive.ts';
import { readUpload } from '../../host/plugins/upload.ts';
import { pluginDigest } from '../../registry/index.ts';
import { temporaryFolder, writeFiles } from '../stand/project.ts';
import { archive, file, hostile, MANIFEST, pluginFiles, tarGz } from './archives.ts';

const test = suite('archives of plugins');
const GZIP = { 'content-type': 'application/gzip' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

const read = (body: Readable | Buffer, headers = GZIP, limits = UPLOAD_LIMITS) =>
  readUpload(Buffer.isBuffer(body) ? Readable.from([body]) : body, headers, limits);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof ApiError ? error.code : String(error)),
  );

for (const [claim, code, bytes] of await hostile()) {
  test(`${claim} is refused`, async () => assert.is(await codeOf(read(bytes)), code));
}

test('a good archive is read, whatever tar wrote it, and text stays as it is', async () => {
  const files = pluginFiles({}, { 'lib/notes.md': '\ufeffüber\r\n' });
  assert.equal(Object.fromEntries(await read(await archive([], files))), files);
  const dotted = await tarGz([
    { header: { name: './', size: 0, type: 'directory' } },
    { header: { name: './lib/', size: 0, type: 'directory' } },
    ...Object.entries(files).map(([name, text]) => file(`./${name}`, text)),
  ]);
  assert.equal(Object.fromEntries(await read(dotted)), files);
});

test('the same content has one digest, as JSON, as archive, and in any order', async () => {
  const { 'plugin.json': _manifest, ...files } = pluginFiles();
  const json = Buffer.from(JSON.stringify({ manifest: MANIFEST, files }));
  const turned = await tarGz(
    Object.entries(pluginFiles())
      .reverse()
      .map(([name, text]) => file(name, text)),
  );
  const digests = await Promise.all(
    [read(json, JSON_TYPE), read(await archive()), read(turned)].map(async (files) => pluginDigest(await files)),
  );
  assert.is(new Set(digests).size, 1);
  const other = await read(await archive([], pluginFiles({}, { 'price.ts': 'export const main = () => 2;' })));
  assert.is.not(pluginDigest(other), digests[0]);
});

test('a folder packs to the same bytes whenever it is packed, and reads back with its digest', async () => {
  const folder = await temporaryFolder('plugin');
  await writeFiles(folder.path, { ...pluginFiles(), 'lib/a.ts': 'a', 'b.ts': 'b', '.env': 'x', 'logo.png': 'x' });
  const packed = await packPlugin(folder.path);
  await utimes(join(folder.path, 'b.ts'), 1, 1);
  const again = await packPlugin(folder.path);
  if (!packed.ok || !again.ok) throw new Error('it was not packed');
  assert.equal(packed.bytes, again.bytes);
  assert.equal(packed.leftOut, ['logo.png']);
  const files = await read(Buffer.from(packed.bytes));
  assert.equal([...files.keys()], ['b.ts', 'lib/a.ts', 'plugin.json', 'price.ts']);
  assert.is(pluginDigest(files), packed.digest);
  await symlink('/etc/hostname', join(folder.path, 'c.ts'));
  const refused = await packPlugin(folder.path).catch((error: unknown) => error);
  assert.match(String(refused), 'c.ts: found a link');
  await folder.remove();
});

test('P11 all of them are judged by a process that can write no file', async () => {
  const words = ['--permission', '--allow-fs-read=*', join(import.meta.dirname, 'sealed.ts')];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  assert.is(stdout, 'plugin.json price.ts\n');
});

test('UPL-04 what would inflate to 10 GB stops within the first MB, in bounded memory', async () => {
  const member = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  let sent = 0;
  const body = Readable.from(
    (function* () {
      for (let n = 0; n < 100; n += 1) {
        for (let from = 0; from < member.length; from += 4096) {
          sent += Math.min(4096, member.length - from);
          yield member.subarray(from, from + 4096);
        }
      }
    })(),
    { objectMode: false },
  );
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 5);
  body.pause();
  assert.is(await codeOf(read(body)), 'BODY_TOO_LARGE');
  body.destroy();
  clearInterval(watch);
  assert.ok(sent < 1024 * 1024, `${sent} bytes were taken`);
  assert.ok(peak - before < 64 * 1024 * 1024, `${peak - before} bytes more`);
});

test('UPL-04 an upload that is too long as sent, or of too much text, is refused', async () => {
  const text = (n: number) => Array.from({ length: 60_000 }, (_, i) => `${(i * 7919 + n) % 99_991}`).join('\n');
  const large = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}.ts`, text(n)]));
  assert.is(await codeOf(read(await archive([], { ...pluginFiles(), ...large }))), 'BODY_TOO_LARGE');
  const json = Buffer.from(JSON.stringify({ manifest: MANIFEST, files: { 'a.ts': 'x'.repeat(5 * 1024 * 1024) } }));
  assert.is(await codeOf(read(json, JSON_TYPE)), 'BODY_TOO_LARGE');
});

test('UPL-06 content of another type than is said is refused', async () => {
  assert.is(await codeOf(read(await archive(), JSON_TYPE)), 'BODY_INVALID');
  const json = Buffer.from(JSON.stringify({ manifest: MANIFEST, files: {} }));
  assert.is(await codeOf(read(json)), 'ARCHIVE_INVALID');
  for (const type of ['application/zip', 'text/plain', 'application/octet-stream', ''])
    assert.is(await codeOf(read(await archive(), { 'content-type': type })), 'MEDIA_TYPE_UNSUPPORTED', type);
});

test('UPL-04 uploads at once are bounded, of one tenant and in all, and a place is free again after its work', async () => {
  const places = new Places({ most: 3, ofOne: 2 });
  const end = Promise.withResolvers<void>();
  const [a, b] = [1, 2].map(() => places.during('org-1', () => end.promise));
  assert.is(await codeOf(places.during('org-1', async () => undefined)), 'RATE_LIMITED');
  const c = places.during(null, () => end.promise);
  assert.is(await codeOf(places.during('org-2', async () => undefined)), 'RATE_LIMITED');
  end.resolve();
  await Promise.all([a, b, c]);
  assert.is(
    await codeOf(places.during('org-1', () => Promise.reject(new ApiError('PLUGIN_INVALID', 'x')))),
    'PLUGIN_INVALID',
  );
  assert.is(await places.during('org-1', () => places.during('org-1', async () => 'free')), 'free');
});

test('UPL-03 multipart is not taken, so that no name of a file can lead anywhere', async () => {
  const body = Buffer.from(
    '--b\r\ncontent-disposition: form-data; name="file"; filename="../../app/config"\r\n\r\nx\r\n--b--\r\n',
  );
  const type = { 'content-type': 'multipart/form-data; boundary=b' };
  assert.is(await codeOf(read(body, type)), 'MEDIA_TYPE_UNSUPPORTED');
});

test('UPL-01 paths of the JSON form are judged as those of an archive', async () => {
  for (const path of ['../x.ts', '/x.ts', '__proto__', 'a\\b.ts', 'plugin.json', 'Price.ts', 'a.exe']) {
    const files = JSON.stringify({ 'price.ts': 'x', [path]: 'y' });
    const body = Buffer.from(`{ "manifest": {}, "files": ${files} }`);
    assert.is(await codeOf(read(body, JSON_TYPE)), 'BODY_INVALID', path);
  }
  for (const body of [
    '',
    '[]',
    '{}',
    '{"manifest":{},"files":{"a.ts":1}}',
    '{"manifest":{},"files":{},"more":1}',
    '"x',
  ])
    assert.is(await codeOf(read(Buffer.from(body), JSON_TYPE)), 'BODY_INVALID', body);
});

test('UPL-08 an upload of a byte now and then ends with its time, and one that breaks off at once', async () => {
  const bytes = await archive();
  const slow = new PassThrough();
  let n = 0;
  const drip = setInterval(() => slow.write(bytes.subarray(n, ++n)), 20);
  assert.is(await codeOf(read(slow, GZIP, { ...UPLOAD_LIMITS, ms: 300 })), 'UPLOAD_TIMED_OUT');
  clearInterval(drip);
  const broken = new PassThrough();
  const reading = codeOf(read(broken));
  broken.write(bytes.subarray(0, 100));
  setTimeout(() => broken.destroy(), 20);
  assert.is(await reading, 'ARCHIVE_INVALID');
});

test.run();
