/** One request to an API and its answer, as a client makes it that takes no care. */
import { type Agent, request as send } from 'node:http';

/** A request. */
export interface Asked {
  readonly method: string;
  /** Path and query, as they go over the wire. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: string | Buffer | null;
}

/** What came back. Status 0: nothing; `text` says why. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const END_MS = 40_000;
const MOST_BYTES = 4 * 2 ** 20;

/** Makes a request. Never rejects; a stream is left after its head. */
export function exchange(url: string, { method, url: path, headers, body }: Asked, agent: Agent): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const ended = (text: string): void => resolve({ status: 0, type: '', text });
  const bytes = typeof body === 'string' ? Buffer.from(body.toWellFormed()) : body;
  const length = bytes === null ? {} : { 'content-length': bytes.length };
  const sent = send(`${url}${path}`, { method, headers: wire({ ...headers, ...length }), agent }, (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const type = String(response.headers['content-type'] ?? '');
    const done = (): void =>
      resolve({ status: response.statusCode ?? 0, type, text: Buffer.concat(chunks).toString('utf8') });
    // A stream has no end of its own.
    if (type.includes('event-stream')) {
      response.destroy();
      done();
    }
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST_BYTES) response.destroy();
    });
    response.on('end', done);
    response.on('close', done);
    response.on('error', done);
  });
  sent.setTimeout(END_MS, () => {
    ended(`no answer within ${END_MS} ms`);
    sent.destroy();
  });
  // The server may close a connection whose body it does not want to read.
  sent.on('error', (error: NodeJS.ErrnoException) =>
    error.code === 'ECONNREFUSED' ? ended('the host is gone') : resolve({ status: 400, type: '', text: '' }),
  );
  sent.end(bytes ?? undefined);
  return promise;
}

const wire = (headers: Readonly<Record<string, string | number>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(String(value)).toString('latin1')]),
  );
