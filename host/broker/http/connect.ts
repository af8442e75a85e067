import { isIP, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import { CapabilityError } from '../capability.ts';
import { mayConnect } from './address.ts';
import { denied } from './allow.ts';
import type { Lookup } from './dns.ts';
import { within } from './within.ts';

/** What `judgedConnector` needs. */
export interface ConnectOptions {
  readonly lookup: Lookup;
  /** CIDR ranges outside the public internet that may be reached. */
  readonly ranges: readonly string[];
  /** Addresses of this machine: not reached unless a range says so. */
  readonly own: () => readonly string[];
  /** For one name with all its addresses. */
  readonly timeoutMs: number;
  /** Sockets at one time, those that are being opened included; one more is `TOO_MANY_CALLS`. */
  readonly sockets: number;
}

/** Addresses of one name that are tried. A name may have hundreds, each of them somebody's. */
const TRIED = 4;
/** One of several addresses that is silent leaves time for the next. */
const CONNECT_MS = 10_000;

/**
 * Opens sockets to judged addresses only. The name is resolved here, once, and the socket goes to the very address that was
 * judged: a name that answers differently the next time changes nothing. Literals are judged alike. HTTP/1.1 only, and a
 * certificate is always checked, against the name and not the address.
 */
export function judgedConnector(options: ConnectOptions): buildConnector.connector {
  const { lookup, ranges, own, timeoutMs, sockets } = options;
  const timeout = Math.min(timeoutMs, CONNECT_MS);
  const connect = buildConnector({ timeout, allowH2: false, rejectUnauthorized: true });
  let busy = 0;

  const open = (target: buildConnector.Options, hostname: string) =>
    new Promise<Socket>((resolve, reject) => {
      connect({ ...target, hostname }, (error, socket) => (error === null ? resolve(socket) : reject(error)));
    });

  const reach = async (target: buildConnector.Options): Promise<Socket> => {
    const late = AbortSignal.timeout(timeoutMs);
    const addresses = await within(resolve(target.hostname, lookup, late), late);
    const mine = own();
    const judged = addresses.filter((address) => mayConnect(address, ranges, mine)).slice(0, TRIED);
    if (addresses.length > 0 && judged.length === 0) throw refusal(target.hostname);
    let failure: unknown = new Error('the name has no address');
    for (const address of judged) {
      late.throwIfAborted();
      try {
        return checkSocket(await open(target, address), target.hostname, (real) => mayConnect(real, ranges, mine));
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };

  const count = async (target: buildConnector.Options): Promise<Socket> => {
    if (busy >= sockets) throw new CapabilityError('TOO_MANY_CALLS', `more than ${sockets} connections of the tenant`);
    busy += 1;
    try {
      const socket = await reach(target);
      socket.once('close', () => {
        busy -= 1;
      });
      return socket;
    } catch (error) {
      busy -= 1;
      throw error;
    }
  };

  return (target, callback) => {
    count(target).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error instanceof Error ? error : new Error('connection failed'), null),
    );
  };
}

async function resolve(hostname: string, lookup: Lookup, signal: AbortSignal): Promise<readonly string[]> {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? lookup(bare, signal) : [bare];
}

/** The last word: where the socket really ended up. */
function checkSocket(socket: Socket, hostname: string, judge: (address: string | undefined) => boolean): Socket {
  if (judge(socket.remoteAddress)) return socket;
  socket.destroy();
  throw refusal(hostname);
}

function refusal(hostname: string): Error {
  return denied(`the address of ${hostname} is not public, and in no http.privateRanges of the tenant`);
}
