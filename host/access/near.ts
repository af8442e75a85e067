/** Whether a request comes from this machine, or from a private network, and from a program rather than a page in a browser. */
import type { Request } from '@hapi/hapi';
import ipaddr from 'ipaddr.js';

const NEAR = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal']);
/** Whoever passed a request on may have had it from anywhere. */
const PASSED_ON = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];
/** Names that nobody can register: the name of a container, of a machine, of a service in a cluster. */
const UNREGISTERED = /^([^.]+|.+\.(localhost|local|internal|svc|home\.arpa))$/i;

/**
 * True for a program of this machine or of a private network that called without a proxy. A page in a browser of that network may
 * reach the port by a rebound name, which shows in `Host`, or post to it blindly, which shows in `Origin`.
 */
export function isNear({ headers, info }: Pick<Request, 'headers' | 'info'>): boolean {
  if (headers.origin !== undefined || PASSED_ON.some((name) => headers[name] !== undefined)) return false;
  return isNearAddress(info.remoteAddress) && isUnregistered(info.host);
}

function isNearAddress(text: string): boolean {
  const bare = text.replace(/%.*$/, '');
  return ipaddr.isValid(bare) && NEAR.has(ipaddr.process(bare).range());
}

function isUnregistered(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(name) || UNREGISTERED.test(name);
}
