/** The host as an App of Aidbox. */
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { ENDPOINTS } from '../api/server.ts';
import { appResource } from './app.ts';
import { type Aidbox, Registration } from './registration.ts';

/** Where the parts of an App are. */
export interface AppSettings {
  /** Null: the host has no Aidbox. */
  readonly aidbox: Aidbox | null;
  readonly appSecret: string | null;
  /** As the operator set it. */
  readonly apiBaseUrl: string | null;
  /** Where the API listens. */
  readonly url: string;
  readonly log: Logger;
}

/** Begins to register the App; null, with a line of the log that says why, when there is nothing to register. */
export function openRegistration({ aidbox, appSecret, apiBaseUrl, url, log }: AppSettings): Registration | null {
  if (aidbox === null || appSecret === null) {
    const why = aidbox === null ? 'no Aidbox is configured' : 'CLOISTER_APP_SECRET is not set';
    log.info(`no App and no seed resources are put into Aidbox: ${why}`);
    return null;
  }
  const app = appResource({ endpoints: ENDPOINTS, apiBaseUrl: apiBaseUrl ?? reachable(url), secret: appSecret });
  return new Registration({ aidbox, app, log });
}

/** A host that listens on every address is reached by its name. */
function reachable(url: string): string {
  return url.replace(/^http:\/\/(0\.0\.0\.0|\[::\]|::)(?=:\d+$)/, `http://${hostname()}`);
}
