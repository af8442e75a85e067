import { CapabilityError, type Grants } from '../capability.ts';

/** Stands for a star while an entry goes through the URL parser; no host can have it by chance. */
const STAR = 'star-7f3a1c';

/**
 * Throws `DENIED` unless scheme, host and port of the URL are those of an entry such as `https://api.example.org:8443`. A
 * star in place of a label is exactly one label, and two labels at least must be plain. What cannot be read as an entry
 * allows nothing. The words are those of what was declared and granted alone: nobody looks whether something is there.
 */
export function checkAllowed(url: URL, { allow, refused = [] }: Allowed): void {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw denied(`scheme ${url.protocol}`);
  if (url.username !== '' || url.password !== '') throw denied('a URL with credentials in it');
  if (allow.some((entry) => matches(url, entry))) return;
  if (!refused.some((entry) => matches(url, entry))) throw denied(`${url.origin} (http.allow)`);
  throw denied(`${url.origin} is declared, and not granted to the tenant: ${GRANT}`);
}

/** Where origins may be reached. */
type Allowed = Pick<Grants['http'], 'allow' | 'refused'>;

/** What the operator has to do. */
const GRANT =
  'it needs http.allow in the settings of the tenant, and http.privateRanges for an address of the machine or of a private network';

/** A refusal by what is granted. */
export function denied(what: string): CapabilityError {
  return new CapabilityError('DENIED', `http: not allowed: ${what}`, 'CAPABILITY_REFUSED');
}

function matches(url: URL, entry: string): boolean {
  const parsed = URL.parse(entry.replaceAll('*', STAR));
  if (parsed === null || !/^https?:\/\/[^/?#@\\]+\/?$/i.test(entry)) return false;
  if (parsed.protocol !== url.protocol || parsed.port !== url.port) return false;
  if (!entry.includes('*')) return parsed.hostname === url.hostname;
  const wanted = parsed.hostname.split('.');
  const found = url.hostname.split('.');
  const plain = wanted.filter((label) => !label.includes(STAR)).length;
  if (plain < 2 || wanted.length !== found.length) return false;
  return wanted.every((label, n) => (label === STAR ? found[n] !== '' : label === found[n]));
}
