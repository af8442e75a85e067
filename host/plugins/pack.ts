/** Packs a folder as a plugin: the same files give the same bytes, wherever and whenever they are packed. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { packTar } from 'modern-tar';
import {
  Content,
  ContentError,
  isPluginFile,
  type PluginFiles,
  type PluginManifest,
  type Problem,
  pluginDigest,
  readPluginManifest,
} from '../../registry/index.ts';

/** A packed plugin, or why there is none. */
export type Packed =
  | {
      readonly ok: true;
      readonly manifest: PluginManifest;
      readonly digest: string;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly files: readonly string[];
      /** Files that a plugin cannot hold. */
      readonly leftOut: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Place of the operating system's number in a gzip, and the one that says nothing. */
const OS_AT = 9;
const OS_UNKNOWN = 255;

/**
 * Packs a folder. Hidden files and `node_modules` are no part of it. Throws `ContentError` for a link, or what passes a cap;
 * rejects when the folder cannot be read.
 */
export async function packPlugin(dir: string): Promise<Packed> {
  const content = new Content();
  const leftOut: string[] = [];
  await walk(dir, '', content, leftOut);
  const files = content.close();
  const { manifest, problems } = await readPluginManifest(files);
  if (manifest === null) return { ok: false, problems };
  const bytes = await pack(files);
  return { ok: true, manifest, digest: pluginDigest(files), bytes, files: [...files.keys()], leftOut };
}

async function walk(dir: string, path: string, content: Content, leftOut: string[]): Promise<void> {
  for (const name of (await readdir(join(dir, path))).sort()) {
    if (name.startsWith('.') || name === 'node_modules') continue;
    const inner = path === '' ? name : `${path}/${name}`;
    const stats = await lstat(join(dir, inner));
    if (stats.isDirectory()) await walk(dir, inner, content, leftOut);
    else if (!stats.isFile()) throw new ContentError(inner, 'a link, or something else', 'regular files only');
    else if (!isPluginFile(inner)) leftOut.push(inner);
    else {
      content.admit(inner, stats.size);
      content.put(inner, textOf(inner, await readFile(join(dir, inner))));
    }
  }
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ContentError(path, 'bytes', 'a file of text (UTF-8)');
  }
}

async function pack(files: PluginFiles): Promise<Uint8Array<ArrayBuffer>> {
  const entries = [...files].map(([name, text]) => {
    const body = new TextEncoder().encode(text);
    const header = { name, size: body.length, type: 'file', mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 } as const;
    return { header, body };
  });
  const packed = new Uint8Array(await promisify(gzip)(await packTar(entries), { level: 9 }));
  packed[OS_AT] = OS_UNKNOWN;
  return packed;
}
