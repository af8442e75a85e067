/** What no attacker may read or reach: tokens in every place worth stealing from, and listeners that must hear nothing. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Canaries of one process of tests. */
export interface Canaries extends AsyncDisposable {
  /** Name → token; a token that an attacker sees is an escape. */
  readonly tokens: ReadonlyMap<string, string>;
  readonly file: string;
  readonly socket: string;
  /** Port of a TCP and of a UDP listener on 127.0.0.1. */
  readonly port: number;
  /** Adds what is known only later, such as a key. */
  add(name: string, token: string): void;
  /** What was touched since the last call; empty when nothing was. */
  touched(): Promise<readonly string[]>;
}

/** Kept in the host's heap on purpose. */
const heap: string[] = [];

export async function openCanaries(): Promise<Canaries> {
  const dir = await mkdtemp(join(tmpdir(), 'cloister-canary-'));
  const file = join(dir, 'secret.txt');
  const socket = join(dir, 'socket');
  const tokens = new Map(['file', 'env', 'heap'].map((name) => [name, createToken(name)]));
  await writeFile(file, tokens.get('file') ?? '');
  process.env.CLOISTER_CANARY = tokens.get('env');
  heap.push(tokens.get('heap') ?? '');
  const heard: string[] = [];
  const tcp = await listen(heard, 'the TCP listener', { host: '127.0.0.1', port: 0 });
  const { port } = tcp.address() as AddressInfo;
  const unix = await listen(heard, 'the unix socket', { path: socket });
  const udp = createSocket('udp4', () => heard.push('the UDP listener'));
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  const modified = (await stat(file)).mtimeMs;
  return {
    tokens,
    file,
    socket,
    port,
    add: (name, token) => void tokens.set(name, token),
    touched: async () => {
      const found = heard.splice(0);
      const isWhole = (await readFile(file, 'utf8')) === tokens.get('file') && (await stat(file)).mtimeMs === modified;
      return isWhole ? found : [...found, 'the file'];
    },
    [Symbol.asyncDispose]: async () => {
      udp.close();
      tcp.close();
      unix.close();
      delete process.env.CLOISTER_CANARY;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A text that stands nowhere else. */
export function createToken(name: string): string {
  return `canary-${name}-${randomBytes(12).toString('hex')}`;
}

async function listen(heard: string[], name: string, where: object): Promise<Server> {
  const server = createServer((socket) => {
    heard.push(name);
    socket.destroy();
  });
  server.listen(where);
  await once(server, 'listening');
  return server;
}
