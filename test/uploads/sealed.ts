/** Reads every archive; run where the process may write no file. Prints the codes, a line each. */
import { Readable } from 'node:stream';
import { ApiError } from '../../host/error.ts';
import { UPLOAD_LIMITS } from '../../host/plugins/receive.ts';
import { readUpload } from '../../host/plugins/upload.ts';
import { archive, hostile } from './archives.ts';

const read = (bytes: Buffer) =>
  readUpload(Readable.from([bytes]), { 'content-type': 'application/gzip' }, UPLOAD_LIMITS).then(
    (files) => [...files.keys()].join(' '),
    (error: unknown) => (error instanceof ApiError ? error.code : String(error)),
  );

for (const [claim, code, bytes] of await hostile()) {
  const found = await read(bytes);
  if (found !== code) process.stdout.write(`${claim}: found ${found}, expected ${code}\n`);
}
process.stdout.write(`${await read(await archive())}\n`);
