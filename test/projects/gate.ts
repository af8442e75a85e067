/** A way to Temporal that a test can close: then every call is refused for good, as by a server that takes the caller's rights away. */
import { once } from 'node:events';
import { createServer as createRefusing, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The way. */
export interface Gate extends AsyncDisposable {
  readonly address: string;
  /** From now on calls are refused, those that wait included. */
  refuse(): void;
  /** From now on they pass. */
  pass(): void;
}

const PERMISSION_DENIED = '7';

/** Opens one to `target`, `host:port`. */
export async function openGate(target: string): Promise<Gate> {
  const [host, port] = target.split(':');
  let isClosed = false;
  const sockets = new Set<Socket>();
  const refusing = createRefusing();
  refusing.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond(
      {
        ...{ ':status': 200, 'content-type': 'application/grpc' },
        ...{ 'grpc-status': PERMISSION_DENIED, 'grpc-message': 'secret-words-of-temporal' },
      },
      { endStream: true },
    );
    stream.on('error', () => undefined);
  });
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    keep(socket);
    if (isClosed) return void refusing.emit('connection', socket);
    const onward = keep(connect({ host: host ?? '', port: Number(port) }));
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const change = (to: boolean): void => {
    isClosed = to;
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: () => change(true),
    pass: () => change(false),
    [Symbol.asyncDispose]: async () => {
      server.close();
      change(true);
    },
  };
}
