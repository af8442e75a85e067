/** HTTP servers and listeners of a test, on loopback addresses. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createListener, type Server } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** An HTTP server that keeps what it got. */
export interface Site {
  readonly origin: string;
  readonly port: number;
  readonly requests: IncomingMessage[];
  /** Bodies of the requests. */
  readonly bodies: string[];
  /** Connections so far. */
  sockets: number;
  close(): Promise<void>;
}

/** Opens a server on a free port, or on that one. */
export async function open(answer: RequestListener, host = '127.0.0.1', port = 0): Promise<Site> {
  const requests: IncomingMessage[] = [];
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    requests.push(request);
    bodies.push((await buffer(request).catch(() => Buffer.alloc(0))).toString());
    answer(request, response);
  });
  const site = { origin: '', port: 0, requests, bodies, sockets: 0, close };
  server.on('connection', () => {
    site.sockets += 1;
  });
  site.port = await listening(server, host, port);
  site.origin = `http://${host.includes(':') ? `[${host}]` : host}:${site.port}`;
  return site;

  async function close(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

/** A listener that nobody may reach: it counts, and answers, so that who reaches it does not wait. */
export interface Canary {
  readonly host: string;
  readonly port: number;
  /** Connections so far. */
  hits: number;
  /** All bytes that it got. */
  heard: string;
  close(): Promise<void>;
}

/** Opens a canary. */
export async function openCanary(host: string, port = 0): Promise<Canary> {
  const canary = { host, port, hits: 0, heard: '', close };
  const server = createListener((socket) => {
    canary.hits += 1;
    socket.on('data', (bytes) => {
      canary.heard += bytes.toString('latin1');
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\ncanary');
    });
    socket.on('error', () => undefined);
  });
  canary.port = await listening(server, host, port);
  return canary;

  async function close(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    await closed;
  }
}

async function listening(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
