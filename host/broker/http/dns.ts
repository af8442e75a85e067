import { lookup as askSystem, Resolver } from 'node:dns/promises';

/** All addresses of a name, in the order in which to try them; none when it has none. Ends when the signal aborts. */
export type Lookup = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;

/** What `dnsLookup` asks. */
export interface DnsOptions {
  /** `address` or `address:port` of DNS servers; default: those of the system. */
  readonly servers?: readonly string[];
  /** Ask the system too (hosts file, search domains) for a name that DNS does not know. */
  readonly system?: boolean;
}

/** One question: 2 s, and once more. */
const QUESTION = { timeout: 2_000, tries: 2 };

/**
 * Names by DNS, IPv4 addresses first. It asks the servers itself: `getaddrinfo` holds one of Node's few threads for as long as
 * a name server is silent (nodejs/node#8436), so that one tenant's dead names would stop all others' lookups. `localhost` is
 * loopback whatever a server says (RFC 6761).
 */
export function dnsLookup({ servers, system = false }: DnsOptions = {}): Lookup {
  return async (hostname, signal) => {
    if (/(^|\.)localhost\.?$/.test(hostname)) return ['127.0.0.1', '::1'];
    const found = await ask(hostname, servers, signal);
    return found.length === 0 && system ? bySystem(hostname) : found;
  };
}

/** A resolver for each question: it reads the system's list of servers anew, and only it is cancelled. */
async function ask(hostname: string, servers: readonly string[] | undefined, signal: AbortSignal): Promise<string[]> {
  const resolver = new Resolver(QUESTION);
  if (servers !== undefined) resolver.setServers(servers);
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function bySystem(hostname: string): Promise<string[]> {
  const found = await askSystem(hostname, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
}
