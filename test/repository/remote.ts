/** A git server over HTTP that asks for a password: `git http-backend` behind a small listener. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A running server. */
export interface GitServer {
  readonly url: string;
  /** `Authorization` headers that came, decoded. */
  readonly credentials: string[];
  close(): Promise<void>;
}

/** What it serves. */
export interface GitServerOptions {
  /** Folder of bare repositories. */
  readonly root: string;
  /** `user:password`. */
  readonly expects: string;
  /** Send every request on to this address instead. */
  readonly redirectTo?: string;
  readonly address?: string;
}

/** Serves the repositories below `root`. */
export async function gitServer({
  root,
  expects,
  redirectTo,
  address = '127.0.0.1',
}: GitServerOptions): Promise<GitServer> {
  const credentials: string[] = [];
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    const given = authorization && Buffer.from(authorization.replace('Basic ', ''), 'base64').toString('utf8');
    if (given) credentials.push(given);
    if (redirectTo) {
      response.writeHead(302, { location: redirectTo + request.url }).end();
    } else if (given !== expects) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    } else {
      serve(root, request, response);
    }
  });
  await once(server.listen(0, address), 'listening');
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    credentials,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** CGI, as the manual of git-http-backend has it. */
function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://host');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      HTTP_GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
      REMOTE_USER: 'somebody',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    for (const line of answer.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', value = ''] = line.split(/: */, 2);
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(answer.subarray(end + 4));
  });
}
