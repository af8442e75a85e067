/** The HTTP API: one hapi server, routes that are refused unless a caller is known, errors in one form. */
import { createServer as createListener } from 'node:http';
import { server as createServer, type Request, type Server, type ServerRoute } from '@hapi/hapi';
import type { Logger } from 'pino';
import type { Store } from '../../registry/index.ts';
import type { Keys } from '../access/keys.ts';
import type { Limits } from '../access/limits.ts';
import type { Chores } from '../chores/index.ts';
import { ApiError } from '../error.ts';
import type { PlanShelf } from '../plans.ts';
import type { Plugins } from '../plugins/index.ts';
import type { ProjectCode } from '../projects/code.ts';
import type { Doctor } from '../projects/diagnose.ts';
import type { ProjectWorkers } from '../projects/index.ts';
import type { TaskQueues } from '../projects/queues.ts';
import type { ProjectRuns } from '../projects/runs.ts';
import type { Ward } from '../quarantine.ts';
import type { Repository } from '../repository/index.ts';
import type { Runs } from '../runs/index.ts';
import type { Schedules } from '../schedules/index.ts';
import type { Triggers } from '../triggers/index.ts';
import type { Webhooks } from '../webhooks/index.ts';
import { type Access, authenticate, tellWhen } from './access.ts';
import { auditEndpoints, tellRefusals } from './audit.ts';
import type { Caller } from './caller.ts';
import { choreEndpoints } from './chores.ts';
import { docsEndpoints } from './docs.ts';
import { type AccessRule, type Endpoint, routeOf } from './endpoint.ts';
import { answerErrors } from './failure.ts';
import { healthEndpoints, type Load } from './health.ts';
import { keyEndpoints } from './keys.ts';
import { metricsEndpoints } from './metrics.ts';
import { pluginEndpoints } from './plugins.ts';
import { projectEndpoints } from './projects.ts';
import { quarantineEndpoints } from './quarantines.ts';
import { shown } from './query.ts';
import { readyEndpoints } from './ready.ts';
import { repositoryEndpoints } from './repository.ts';
import { rpcEndpoints } from './rpc.ts';
import { runEndpoints } from './runs.ts';
import { scheduleEndpoints } from './schedules.ts';
import { tenantEndpoints } from './tenants.ts';
import { triggerEndpoints } from './triggers.ts';
import { type Operations, watchRequests } from './watch.ts';
import { webhookEndpoints } from './webhooks.ts';
import { workerEndpoints } from './workers.ts';
import { workflowEndpoints } from './workflows.ts';

/** Parts of a host that endpoints are about. Null: the host has no such part, and its endpoints answer `NOT_CONFIGURED`. */
export interface ApiParts {
  readonly shelf: PlanShelf;
  readonly runs: Runs;
  readonly ward: Ward | null;
  readonly plugins: Plugins | null;
  readonly webhooks: Webhooks | null;
  readonly repository: Repository | null;
  readonly triggers: Triggers | null;
  readonly schedules: Schedules | null;
  readonly chores: Chores | null;
  readonly keys: Keys | null;
  /** Workers of projects on this host. */
  readonly projects: ProjectWorkers | null;
  readonly projectCode: ProjectCode | null;
  readonly projectRuns: ProjectRuns | null;
  readonly projectQueues: TaskQueues | null;
  readonly doctor: Doctor | null;
  /** Tables of the registry. */
  readonly rows: Store | null;
  readonly unscopedRuns: 'allow' | 'deny';
  /** Of the App in Aidbox; null: nobody can call by `/rpc`. */
  readonly appSecret: string | null;
  /** Null: nobody counts, traces or stops it. */
  readonly operations: Operations | null;
  /** Named checks of `GET /health` and `GET /ready`; each resolves when the part answers. */
  readonly checks: ReadonlyMap<string, () => Promise<void>>;
  /** Figures of `GET /health`; null: a host that runs no scripts. */
  readonly load: (() => Load) | null;
  /** Told of every call of an endpoint that writes: when it was done, when it was refused, and when it failed. */
  readonly written?: (write: Write) => void;
  readonly log: Logger;
}

/** A call that may have changed something. */
export interface Write {
  readonly operation: string;
  /** Null where a sender proved itself otherwise. */
  readonly caller: Caller | null;
  readonly request: Request;
  /** `OK`, or the code of the error that was answered. */
  readonly code: string;
}

/** What the API serves, and where. */
export interface ApiOptions extends ApiParts {
  readonly access: Access;
  /** Null: nobody's calls are counted. */
  readonly limits: Limits | null;
  /** Address to listen on; with `access.kind` `loopback` it must be a loopback address. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Every endpoint there is. */
export const ENDPOINTS: readonly Endpoint[] = [
  ...healthEndpoints,
  ...readyEndpoints,
  ...metricsEndpoints,
  ...workflowEndpoints,
  ...runEndpoints,
  ...quarantineEndpoints,
  ...pluginEndpoints,
  ...repositoryEndpoints,
  ...webhookEndpoints,
  ...triggerEndpoints,
  ...scheduleEndpoints,
  ...choreEndpoints,
  ...rpcEndpoints(() => ENDPOINTS),
  ...workerEndpoints,
  ...projectEndpoints,
  ...keyEndpoints,
  ...tenantEndpoints,
  ...auditEndpoints,
  ...docsEndpoints(() => ENDPOINTS),
];

/** For routes that only say what there is not: any caller may be told. */
const ANYONE = { plugins: { cloister: { access: 'known' satisfies AccessRule } } };

/** A listening API. */
export interface Api {
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

const BODY_MAX_BYTES = 1024 * 1024;
const CLOSE_TIMEOUT_MS = 5000;

/** Of Node's, for what comes before a request is one. */
const LISTENER = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  // Over the time that any body gets. hapi answers one that took too long only when the rest has come: this ends a drip.
  requestTimeout: 30_000,
  // Longer than load balancers keep a connection, so that they do not send a request into one that is being closed.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
};
const MOST_CONNECTIONS = 5_000;

/** Builds the server and makes it listen. Rejects when the port is taken (`EADDRINUSE`). */
export async function startApi(options: ApiOptions): Promise<Api> {
  const listener = createListener(LISTENER);
  listener.maxConnections = MOST_CONNECTIONS;
  const server = createServer({
    listener,
    address: options.address,
    port: options.port,
    routes: {
      payload: { maxBytes: BODY_MAX_BYTES, timeout: 10_000, allow: 'application/json' },
      timeout: { server: 30_000 },
      // A range that does not fit would be answered in hapi's own form.
      response: { ranges: false },
      security: { hsts: false, xss: 'disabled', noSniff: true, xframe: true },
      cache: { otherwise: 'no-store' },
    },
    router: { stripTrailingSlash: true },
    debug: false,
  });
  authenticate(server, options.access, options.address, options.limits);
  answerErrors(server, options.log);
  tellWhen(server);
  if (options.written) tellRefusals(server, options.written);
  watchRequests(server, options.log, options.operations);
  const routes = ENDPOINTS.map((made) => routeOf(made, options));
  server.route([...routes, ...otherMethods(routes), nowhere]);
  // hapi 21.4.10 answers what is no HTTP while the request before it still runs, and the second answer of the two is a rejection
  // that ends the process. What Node does by itself, a bare 400, has no such race.
  server.listener.removeAllListeners('clientError');
  await server.start();
  return {
    url: `http://${options.address}:${server.info.port}`,
    server,
    close: () => server.stop({ timeout: CLOSE_TIMEOUT_MS }),
  };
}

/** hapi answers a known path with an unknown method as if the path were unknown. */
function otherMethods(routes: readonly ServerRoute[]): ServerRoute[] {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  return [...byPath].map(([path, known]) => {
    const methods = known.map(({ method }) => String(method)).join(', ');
    return {
      method: '*',
      path,
      options: ANYONE,
      handler: ({ method }) => {
        const found = method.toUpperCase();
        const details = { where: 'method', found, expected: methods };
        throw new ApiError('METHOD_NOT_ALLOWED', 'this path has another method', details);
      },
    };
  });
}

/** A route as any other, so that a caller without access cannot tell which paths exist. */
const nowhere: ServerRoute = {
  method: '*',
  path: '/{any*}',
  options: ANYONE,
  handler: ({ path }) => {
    throw new ApiError('NOT_FOUND', 'there is no such path', { where: 'path', found: shown(path) });
  },
};
