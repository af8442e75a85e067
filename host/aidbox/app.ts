/** The App of this host in Aidbox: every endpoint that tokens open is an operation there (specification: control plane 1.3). */
import type { Endpoint } from '../api/endpoint.ts';

/** Id of the App, and the name with which Aidbox signs its calls. */
export const APP = 'ts-billing-app';

/**
 * Whether Aidbox may call an endpoint. Left out is what is open or signed otherwise, what grants access to this host, and what
 * streams: an answer by RPC is one JSON document.
 */
export function isOperation({ access, answers }: Endpoint): boolean {
  if (typeof access === 'string' || access.scope.startsWith('access:')) return false;
  return Object.values(answers).every(({ contentType = 'application/json' }) => contentType.endsWith('json'));
}

/** What the App resource is made of. */
export interface AppOptions {
  readonly endpoints: readonly Endpoint[];
  /** Where Aidbox reaches this host, without a slash at the end. */
  readonly apiBaseUrl: string;
  readonly secret: string;
}

/** The resource, as `PUT /App/ts-billing-app` takes it. */
export function appResource({ endpoints, apiBaseUrl, secret }: AppOptions) {
  const operations = endpoints.filter(isOperation).map(({ operation, method, path }) => {
    const parts = path.split('/').filter((part) => part !== '');
    return [operation, { method, path: [APP, ...parts.map(partOf)] }] as const;
  });
  return {
    resourceType: 'App',
    id: APP,
    apiVersion: 1,
    type: 'app',
    endpoint: { type: 'http-rpc', url: `${apiBaseUrl}/rpc`, secret },
    operations: Object.fromEntries(operations),
  };
}

function partOf(part: string): string | { readonly name: string } {
  const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
  return name === undefined ? part : { name };
}
