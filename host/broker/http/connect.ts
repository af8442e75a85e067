import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { mayConnect } from './address.ts';
import { denied } from './allow.ts';
import { within } from './within.ts';

/** All addresses of a name, in the order in which to try them. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** What `judgedConnector` needs. */
export interface ConnectOptions {
  readonly lookup: Lookup;
  /** CIDR ranges outside the public internet that may be reached. */
  readonly ranges: readonly string[];
  readonly timeoutMs: number;
}

/**
 * Opens sockets to judged addresses only. The name is resolved here, once, and the socket goes to the very address that was
 * judged: a name that answers differently the next time changes nothing. Literals are judged alike.
 */
export function judgedConnector({ lookup, ranges, timeoutMs }: ConnectOptions): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false });
  const open = (options: buildConnector.Options, hostname: string) =>
    new Promise<Socket>((resolve, reject) => {
      connect({ ...options, hostname }, (error, socket) => (error === null ? resolve(socket) : reject(error)));
    });

  const reach = async (options: buildConnector.Options): Promise<Socket> => {
    const addresses = await within(resolve(options.hostname, lookup), AbortSignal.timeout(timeoutMs));
    const judged = addresses.filter((address) => mayConnect(address, ranges));
    if (addresses.length > 0 && judged.length === 0) throw refusal(options.hostname);
    let failure: unknown = new Error('the name has no address');
    for (const address of judged) {
      try {
        return checkSocket(await open(options, address), options.hostname, ranges);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };

  return (options, callback) => {
    reach(options).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error instanceof Error ? error : new Error('connection failed'), null),
    );
  };
}

async function resolve(hostname: string, lookup: Lookup): Promise<readonly string[]> {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(bare) ? [bare] : lookup(bare);
}

/** The last word: where the socket really ended up. */
function checkSocket(socket: Socket, hostname: string, ranges: readonly string[]): Socket {
  if (mayConnect(socket.remoteAddress, ranges)) return socket;
  socket.destroy();
  throw refusal(hostname);
}

function refusal(hostname: string): Error {
  return denied(`the address of ${hostname} is not public`);
}
