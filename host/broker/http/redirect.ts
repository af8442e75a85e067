import type { Dispatcher } from 'undici';
import { denied } from './allow.ts';
import { discard } from './body.ts';

/** One request of a call; the first, or one that a redirect asked for. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/**
 * What of a request's headers goes on to another origin: all that says what is wanted and sent. Any other may be a credential
 * (`x-api-key`, `private-token`…), whatever its name (CVE-2026-40895).
 */
const CARRIED = new Set(
  'accept accept-encoding accept-language content-type content-language content-encoding range user-agent'.split(' '),
);

/** Null when the answer is no redirect, its body then still to be read. The next hop is not judged here. */
export function redirect(hop: Hop, answer: Dispatcher.ResponseData): Hop | null {
  const { location } = answer.headers;
  if (![301, 302, 303, 307, 308].includes(answer.statusCode) || typeof location !== 'string') return null;
  discard(answer.body);
  const url = URL.parse(location, hop.url);
  if (url === null) throw denied('a redirect to no URL');
  const toGet = answer.statusCode === 303 ? hop.method !== 'HEAD' : answer.statusCode <= 302 && hop.method === 'POST';
  const isSame = url.origin === hop.url.origin;
  const kept = Object.entries(hop.headers).filter(
    ([name]) => (isSame || CARRIED.has(name)) && !(toGet && name.startsWith('content-')),
  );
  return { url, method: toGet ? 'GET' : hop.method, headers: Object.fromEntries(kept), body: toGet ? null : hop.body };
}
