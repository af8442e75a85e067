/** The host as an App of Aidbox. */
import type { Logger } from 'pino';
import { ENDPOINTS } from '../api/server.ts';
import { appResource } from './app.ts';
import { type Aidbox, Registration } from './registration.ts';

/** Where the parts of an App are. */
export interface AppSettings {
  /** Null: the host has no Aidbox. */
  readonly aidbox: Aidbox | null;
  readonly appSecret: string | null;
  /** Where Aidbox reaches the API. */
  readonly apiBaseUrl: string;
  readonly log: Logger;
}

/** Begins to register the App; null, with a line of the log that says why, when there is nothing to register. */
export function openRegistration({ aidbox, appSecret, apiBaseUrl, log }: AppSettings): Registration | null {
  if (aidbox === null || appSecret === null) {
    const why = aidbox === null ? 'no Aidbox is configured' : 'CLOISTER_APP_SECRET is not set';
    log.info(`no App and no seed resources are put into Aidbox: ${why}`);
    return null;
  }
  const app = appResource({ endpoints: ENDPOINTS, apiBaseUrl, secret: appSecret });
  return new Registration({ aidbox, app, log });
}
