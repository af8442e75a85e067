/** Archives of plugins, good and hostile, as bytes. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { packTar, type TarEntry } from 'modern-tar';

/** A manifest with one script. */
export const MANIFEST = {
  name: '@acme/claims',
  version: '1.0.0',
  description: 'Prices claims.',
  capabilities: ['log'],
  scripts: { price: 'price.ts' },
};

/** A plugin's files, `plugin.json` among them. */
export function pluginFiles(
  manifest: Record<string, unknown> = {},
  files: Record<string, string> = {},
): Record<string, string> {
  return {
    'plugin.json': JSON.stringify({ ...MANIFEST, ...manifest }),
    'price.ts': 'export const description = "d";\nexport async function main() { return 1; }\n',
    ...files,
  };
}

/** A regular file. */
export function file(name: string, body: string | Uint8Array<ArrayBuffer> = 'x'): TarEntry {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { header: { name, size: bytes.length, type: 'file' }, body: bytes };
}

/** A tar.gz of entries. */
export async function tarGz(entries: readonly TarEntry[]): Promise<Buffer> {
  return gzipSync(await packTar(entries));
}

/** A tar.gz of a good plugin with further entries. */
export async function archive(
  more: readonly TarEntry[] = [],
  files: Record<string, string> = pluginFiles(),
): Promise<Buffer> {
  return tarGz([...Object.entries(files).map(([name, text]) => file(name, text)), ...more]);
}

const link = (type: 'symlink' | 'link', linkname: string): TarEntry => ({
  header: { name: 'inner.ts', size: 0, type, linkname },
});

/** Hostile archives by the claim that each makes; every one must be refused with the code. */
export async function hostile(): Promise<readonly (readonly [claim: string, code: string, bytes: Buffer])[]> {
  const names = [
    '../../x.ts',
    '/abs/x.ts',
    'C:\\x.ts',
    '..\\\\x.ts',
    'a/../x.ts',
    './../x.ts',
    'a//x.ts',
    '.hidden.ts',
    'a/.git/config.json',
    'node_modules/p/index.js',
    'a\u0000.ts',
    'ａ.ts',
    'a\u202e.ts',
    '~/x.ts',
    'x.ts ',
    `${'d/'.repeat(9)}x.ts`,
    `${`${'d'.repeat(90)}/`.repeat(3)}x.ts`,
  ];
  const refuse = async (claim: string, entries: readonly TarEntry[], code = 'ARCHIVE_INVALID') =>
    [claim, code, await archive(entries)] as const;
  const folder = (name: string): TarEntry => ({ header: { name, size: 0, type: 'directory' } });
  const good = await archive();
  const many = (count: number) => Array.from({ length: count }, (_, n) => file(`f${n}-${Math.random()}.ts`, ''));
  const zip = new TextEncoder().encode('PK\u0003\u0004 and so on');
  return [
    ...(await Promise.all(
      names.map((name) => refuse(`UPL-01 a file ${JSON.stringify(name.slice(0, 20))}`, [file(name)])),
    )),
    await refuse('UPL-01 a folder above the root', [folder('../up/')]),
    await refuse('UPL-02 a symlink inside', [link('symlink', 'price.ts')]),
    await refuse('UPL-02 a symlink out', [link('symlink', '../../etc/passwd')]),
    await refuse('UPL-02 a hard link inside', [link('link', 'price.ts')]),
    await refuse('UPL-02 a hard link out', [link('link', '/etc/passwd')]),
    await refuse('UPL-02 a pipe', [{ header: { name: 'p.ts', size: 0, type: 'fifo' } }]),
    await refuse('UPL-02 a device', [{ header: { name: 'd.ts', size: 0, type: 'character-device' } }]),
    await refuse('UPL-04 a zip inside, by name', [file('inner.zip', zip)]),
    await refuse('UPL-04 a zip inside, as text', [file('inner.txt', new Uint8Array([80, 75, 3, 4, 0, 255, 254]))]),
    await refuse(
      'UPL-04 a file that is too large',
      [file('big.ts', randomBytes(800 * 1024).toString('base64'))],
      'BODY_TOO_LARGE',
    ),
    [
      'UPL-05 100,000 entries',
      'BODY_TOO_LARGE',
      gzipSync(Buffer.alloc(100_000 * 512, (await packTar([file('f.ts', '')])).subarray(0, 512))),
    ],
    await refuse('UPL-05 more entries than there may be', many(501), 'BODY_TOO_LARGE'),
    await refuse(
      'UPL-05 more folders than there may be',
      Array.from({ length: 1001 }, (_, n) => folder(`d${n}/`)),
      'BODY_TOO_LARGE',
    ),
    await refuse('UPL-05 a name of 4,096 characters', [file(`${'n'.repeat(4093)}.ts`)]),
    await refuse('UPL-05 names equal but for case', [file('Price.ts')]),
    await refuse('UPL-05 folders equal but for case', [file('lib/a.ts'), file('LIB/b.ts')]),
    await refuse('UPL-05 one path twice', [file('price.ts')]),
    await refuse('UPL-05 one path twice, once with ./', [file('./price.ts')]),
    await refuse('UPL-05 a file that is a folder too', [file('a.ts'), file('a.ts/b.ts')]),
    ['UPL-06 truncated gzip', 'ARCHIVE_INVALID', good.subarray(0, -20)],
    [
      'UPL-06 truncated tar',
      'ARCHIVE_INVALID',
      gzipSync((await packTar([file('plugin.json', 'x'.repeat(2000))])).subarray(0, 1024)),
    ],
    ['UPL-06 wrong magic', 'ARCHIVE_INVALID', Buffer.from('PK\u0003\u0004 this is a zip')],
    ['UPL-06 gzip of no tar', 'ARCHIVE_INVALID', gzipSync(Buffer.alloc(2048, 'x'))],
    ['UPL-06 an empty body', 'ARCHIVE_INVALID', Buffer.alloc(0)],
    ['UPL-06 an empty archive', 'ARCHIVE_INVALID', await tarGz([])],
    ['UPL-06 an archive without manifest', 'ARCHIVE_INVALID', await tarGz([file('price.ts')])],
    ['UPL-06 something behind the archive', 'ARCHIVE_INVALID', Buffer.concat([good, Buffer.from('more')])],
    ['UPL-06 nothings behind the archive', 'ARCHIVE_INVALID', Buffer.concat([good, Buffer.alloc(10)])],
    [
      'UPL-06 something behind the end of the tar',
      'ARCHIVE_INVALID',
      gzipSync(Buffer.concat([await packTar([file('plugin.json')]), Buffer.alloc(512, 'x')])),
    ],
  ];
}
