/** A server that says what it likes, down to the byte. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Talks to a client that has sent its first bytes. */
export type Script = (socket: Socket) => void;

/** See `openRaw`. */
export interface Raw extends AsyncDisposable {
  readonly url: string;
  /** Sockets that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections so far. */
  readonly count: () => number;
}

/** Opens it on a free port of 127.0.0.1. */
export async function openRaw(script: Script): Promise<Raw> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('data', () => script(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    count: () => count,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Sends a text. */
export const say =
  (text: string): Script =>
  (socket) =>
    void socket.write(text);

/** Sends a text, and another again and again as fast as it is taken. */
export const flood =
  (head: string, part: string): Script =>
  (socket) => {
    socket.write(head);
    const more = () => {
      while (!socket.destroyed && socket.write(part));
      if (!socket.destroyed) socket.once('drain', more);
    };
    more();
  };

/** Sends a text, and another every 20 ms. */
export const drip =
  (head: string, part: string): Script =>
  (socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(part), 20);
    socket.on('close', () => clearInterval(timer));
  };
