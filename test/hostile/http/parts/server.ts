/** Servers of an attack, on an address that may be reached. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createListener, type Server, type Socket } from 'node:net';
import { HOST } from './net.ts';

/** See `serve`. */
export interface Served extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  readonly requests: IncomingMessage[];
  /** Connections so far. */
  sockets: number;
}

/** Serves HTTP. */
export async function serve(answer: RequestListener, host = HOST): Promise<Served> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    answer(request, response);
  });
  return open(server, host, requests, () => server.closeAllConnections());
}

/** Says what it likes to whoever has sent something. */
export async function serveRaw(script: (socket: Socket) => void, host = HOST): Promise<Served> {
  const sockets = new Set<Socket>();
  const server = createListener((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('data', () => script(socket));
  });
  return open(server, host, [], () => {
    for (const socket of sockets) socket.destroy();
  });
}

async function open(server: Server, host: string, requests: IncomingMessage[], end: () => void): Promise<Served> {
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const served: Served = {
    origin: `http://${host}:${port}`,
    port,
    requests,
    sockets: 0,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      end();
      await closed;
    },
  };
  server.on('connection', () => {
    served.sockets += 1;
  });
  return served;
}
