/** What comes to `POST /plugins`, whichever form it has, as files of a plugin. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { Content, ContentError, MANIFEST, type PluginFiles } from '../../registry/index.ts';
import { parsed } from '../api/endpoint.ts';
import { ApiError } from '../error.ts';
import { readArchive } from './archive.ts';
import { receive, type UploadLimits } from './receive.ts';

/** The form without archive. */
export const PLUGIN_JSON = z.strictObject({
  manifest: z
    .record(z.string(), z.unknown(), { error: 'expected the fields of plugin.json' })
    .meta({ description: 'What `plugin.json` holds in an archive.' }),
  files: z
    .record(z.string(), z.string(), { error: 'expected a map of paths to texts' })
    .meta({ description: 'Path → text, without `plugin.json`.' }),
});

const GZIP: ReadonlySet<string> = new Set(['application/gzip', 'application/x-gzip']);

/** Headers of an upload that say what its body is. */
export interface UploadHeaders {
  readonly 'content-type'?: string | undefined;
  readonly 'content-encoding'?: string | undefined;
}

/**
 * Reads an upload. Nothing in it names a place of the host: the name of a multipart file, say, is never looked at, as there is
 * no multipart. Throws `ApiError`: MEDIA_TYPE_UNSUPPORTED, BODY_INVALID, ARCHIVE_INVALID, and those of `receive`.
 */
export async function readUpload(body: Readable, headers: UploadHeaders, limits: UploadLimits): Promise<PluginFiles> {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const encoding = headers['content-encoding'] ?? 'identity';
  if ((!GZIP.has(type) && type !== 'application/json') || encoding !== 'identity') throw unsupported(type, encoding);
  const isJson = !GZIP.has(type);
  const bytes = await receive(body, isJson ? 'plain' : 'gzip', limits);
  try {
    return isJson ? filesOfJson(bytes) : await readArchive(bytes);
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    const { where, found, expected, isTooMuch } = error;
    const code = isTooMuch ? 'BODY_TOO_LARGE' : isJson ? 'BODY_INVALID' : 'ARCHIVE_INVALID';
    throw new ApiError(code, isTooMuch ? 'the upload is too large' : 'the upload is not valid', {
      where,
      found,
      expected,
    });
  }
}

function filesOfJson(bytes: Buffer): PluginFiles {
  const { manifest, files } = parse(bytes);
  const content = new Content();
  if (Object.hasOwn(files, MANIFEST)) throw new ContentError(`body files ${MANIFEST}`, 'a second manifest', 'one');
  for (const [path, text] of Object.entries({ ...files, [MANIFEST]: `${JSON.stringify(manifest, null, 2)}\n` })) {
    content.admit(path, Buffer.byteLength(text));
    content.put(path, text);
  }
  return content.close();
}

function parse(bytes: Buffer): z.output<typeof PLUGIN_JSON> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ContentError('body', 'a text that is no JSON', '{ manifest, files }');
  }
  parsed('body', PLUGIN_JSON, value);
  // As it came: zod leaves a `__proto__` out, and what is not judged must not be there.
  return value as z.output<typeof PLUGIN_JSON>;
}

function unsupported(type: string, encoding: string): ApiError {
  return new ApiError('MEDIA_TYPE_UNSUPPORTED', 'the upload is of another kind', {
    where: encoding === 'identity' ? 'header content-type' : 'header content-encoding',
    found: JSON.stringify((encoding === 'identity' ? type : encoding).slice(0, 80)),
    expected: encoding === 'identity' ? 'application/gzip or application/json' : 'identity',
  });
}
