/** Where others reach this host, when no operator has said so. */
import { hostname } from 'node:os';

/** The address at which the API listens, as others can use it: a host that listens on every address is reached by its name. */
export function reachable(url: string): string {
  return url.replace(/^http:\/\/(0\.0\.0\.0|\[::\]|::)(?=:\d+$)/, `http://${hostname()}`);
}
