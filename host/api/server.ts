/** The HTTP API: one hapi server, routes that are refused unless a caller is known, errors in one form. */
import { server as createServer, type Server } from '@hapi/hapi';
import type { Logger } from 'pino';
import type { PlanShelf } from '../plans.ts';
import type { Runs } from '../runs/index.ts';
import { type Access, authenticate } from './access.ts';
import { answerErrors } from './failure.ts';
import { healthRoutes } from './health.ts';
import { runRoutes } from './runs.ts';
import { workflowRoutes } from './workflows.ts';

/** What the API serves. */
export interface ApiOptions {
  readonly shelf: PlanShelf;
  readonly runs: Runs;
  readonly access: Access;
  /** Address to listen on; with `access.kind` `loopback` it must be a loopback address. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  readonly unscopedRuns: 'allow' | 'deny';
  /** Named checks of `GET /health`; each resolves when the part answers. */
  readonly checks: ReadonlyMap<string, () => Promise<void>>;
  readonly log: Logger;
}

/** A listening API. */
export interface Api {
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

const BODY_MAX_BYTES = 1024 * 1024;
const CLOSE_TIMEOUT_MS = 5000;

/** Builds the server and makes it listen. Rejects when the port is taken (`EADDRINUSE`). */
export async function startApi(options: ApiOptions): Promise<Api> {
  const server = createServer({
    address: options.address,
    port: options.port,
    routes: {
      payload: { maxBytes: BODY_MAX_BYTES, timeout: 10_000 },
      timeout: { server: 30_000 },
      security: { hsts: false, xss: 'disabled', noSniff: true, xframe: true },
      cache: { otherwise: 'no-store' },
    },
    router: { stripTrailingSlash: true },
    debug: false,
  });
  authenticate(server, options.access);
  answerErrors(server, options.log);
  server.route([...healthRoutes(options), ...workflowRoutes(options), ...runRoutes(options)]);
  await server.start();
  return {
    url: `http://${options.address}:${server.info.port}`,
    server,
    close: () => server.stop({ timeout: CLOSE_TIMEOUT_MS }),
  };
}
