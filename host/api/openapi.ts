/** The OpenAPI document of the API: made from the endpoints' own declarations, so that it cannot say anything else. */
import { z } from 'zod';
import pkg from '../../package.json' with { type: 'json' };
import { ANSWERED, statusOf, whenOf } from '../codes.ts';
import type { AccessRule, Endpoint } from './endpoint.ts';
import { Schemas } from './schemas.ts';

/** A part of the document: plain JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** The form of every error (specification: control plane 1.1, D1). */
export const ERROR_BODY = z
  .strictObject({
    error: z.string().meta({ description: 'What is wrong, for people.' }),
    code: z.enum(ANSWERED).meta({ description: 'Stable, for programs.' }),
    where: z.string().optional().meta({ description: 'Where in the request, or in the project.' }),
    found: z.string().optional(),
    expected: z.string().optional(),
    problems: z
      .array(z.looseObject({ code: z.string(), where: z.string(), found: z.string(), expected: z.string() }))
      .optional()
      .meta({ description: 'What is wrong with the project, as `cloister check` tells it.' }),
    requestId: z.uuid().meta({ description: "Finds the request in the host's log." }),
  })
  .meta({ id: 'Error' });

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const BRANCH = { name: 'branch', in: 'query', description: 'Branch of the project; absent: the main one.' };
const DESCRIPTION = `Runs workflows of many tenants, each script in its own sealed isolate.

Every error has one form, with a stable \`code\`. A caller bound to a tenant meets nothing of other tenants: what is theirs is
answered as what is not there. Fields of an answer that this document does not name may come later.`;

/** The document, OpenAPI 3.1, over these endpoints. Throws when two of them have one operation. */
export function openapiDocument(endpoints: readonly Endpoint[]): Json {
  const schemas = new Schemas();
  const error = schemas.ofAnswer(ERROR_BODY);
  const paths: Record<string, Record<string, Json>> = {};
  const operations = new Set<string>();
  for (const endpoint of endpoints) {
    if (operations.has(endpoint.operation)) throw new Error(`two endpoints are ${endpoint.operation}`);
    operations.add(endpoint.operation);
    const path = endpoint.path.replace(/[*?]\}/g, '}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operationOf(endpoint, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Cloister', version: pkg.version, description: DESCRIPTION, license: license() },
    jsonSchemaDialect: DIALECT,
    servers: [{ url: '/' }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].sort().map((name) => ({ name })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      securitySchemes: SECURITY_SCHEMES,
      parameters: { branch: { ...BRANCH, required: false, schema: { type: 'string' } } },
      responses: Object.fromEntries(ERROR_STATUSES.map((status) => [`Error${status}`, errorResponse(status, error)])),
      schemas: schemas.components(),
    },
  };
}

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: "An API key, a JWT, or the administrator's token." },
  app: { type: 'http', scheme: 'basic', description: "Aidbox's App `ts-billing-app` and its secret." },
};

const ERROR_STATUSES = [...new Set(ANSWERED.map(statusOf))].sort((a, b) => a - b);

const license = (): Json => ({ name: pkg.license, identifier: pkg.license });

function operationOf(endpoint: Endpoint, schemas: Schemas): Json {
  const { operation, tag, summary, access, answers } = endpoint;
  const stated = Object.entries(answers).map(([status, { description, schema, contentType = JSON_TYPE }]) => [
    status,
    { description, ...content(contentType, schema && schemas.ofAnswer(schema), status) },
  ]);
  const errors = errorsOf(endpoint).map((status) => [status, { $ref: `#/components/responses/Error${status}` }]);
  return {
    operationId: operation,
    tags: [tag],
    summary,
    description: wordsOn(access),
    security: securityOf(endpoint),
    ...(typeof access === 'string'
      ? { 'x-access': access }
      : { 'x-role': access.role, 'x-scope': access.scope, 'x-tenants': access.tenants }),
    parameters: parametersOf(endpoint, schemas),
    ...bodyOf(endpoint, schemas),
    responses: Object.fromEntries([...errors, ...stated]),
  };
}

const JSON_TYPE = 'application/json';

/** An answer of which no form is stated is any JSON, or text of its own; 204 and 304 have none. */
function content(type: string, schema: Json | undefined, status: string): Json {
  if (status === '204' || status === '304') return {};
  return { content: { [type]: { schema: schema ?? (type === JSON_TYPE ? {} : { type: 'string' }) } } };
}

function wordsOn(access: AccessRule): string {
  if (access === 'open') return 'Open to everyone.';
  if (access === 'signed') return 'For a sender that proves itself.';
  if (access === 'known') return 'For every caller whose token is good.';
  const { role, scope, tenants } = access;
  const bound = tenants === 'own' ? 'see what is theirs only' : 'are refused';
  return `Needs the role \`${role}\` and the scope \`${scope}\`; callers bound to a tenant ${bound}.`;
}

function securityOf({ access, scheme }: Endpoint): readonly Json[] {
  if (scheme !== undefined) return [{ [scheme]: [] }];
  if (access === 'signed') return [];
  return access === 'open' ? [{}, { bearer: [] }] : [{ bearer: [] }];
}

function parametersOf({ path, query, headers = {}, access }: Endpoint, schemas: Schemas): readonly Json[] {
  const inPath = [...path.matchAll(/\{(\w+)[*?]?\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const asked = query === undefined ? {} : schemas.ofRequest(query);
  const { properties = {}, required = [] } = asked as { properties?: Record<string, Json>; required?: string[] };
  const inQuery = Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
  const inHeaders = Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }));
  const takesBranch = typeof access !== 'string' && !Object.hasOwn(properties, BRANCH.name);
  return [...inPath, ...inQuery, ...inHeaders, ...(takesBranch ? [{ $ref: '#/components/parameters/branch' }] : [])];
}

function bodyOf({ method, body, options }: Endpoint, schemas: Schemas): Json {
  if (method === 'GET' || (method === 'DELETE' && body === undefined)) return {};
  const allowed = [options?.payload?.allow ?? JSON_TYPE].flat();
  const schema = body === undefined ? {} : schemas.ofRequest(body);
  const binary = { type: 'string', format: 'binary' };
  const types = allowed.map((type) => [type, { schema: type.endsWith('json') ? schema : binary }]);
  return {
    requestBody: { required: body !== undefined && !body.safeParse({}).success, content: Object.fromEntries(types) },
  };
}

/** Statuses of errors: what any endpoint may answer, and what this one says, or could. */
function errorsOf({ method, access, relays, errors, answers }: Endpoint): readonly number[] {
  const writes = method !== 'GET';
  const isAnyones = typeof access === 'string';
  const never = new Set([
    405,
    ...(access === 'open' ? [401] : []),
    ...(isAnyones && !relays ? [403] : []),
    ...(writes ? [] : [408, 413, 415, 422]),
  ]);
  const own = errors?.map(statusOf);
  // The branch that every endpoint takes may not be there, nor the part of the host that it is about.
  const general = new Set([400, 401, 403, 408, 413, 415, 429, 500, 503, ...(isAnyones ? [] : [404, 501])]);
  return ERROR_STATUSES.filter(
    (status) =>
      !Object.hasOwn(answers, status) &&
      (own?.includes(status) || (!never.has(status) && (own === undefined || general.has(status)))),
  );
}

function errorResponse(status: number, error: Json): Json {
  const codes = ANSWERED.filter((code) => statusOf(code) === status);
  const rows = codes.map((code) => `- \`${code}\`: ${whenOf(code)}`);
  return {
    description: rows.join('\n'),
    ...([429, 503].includes(status) && {
      headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
    }),
    content: { [JSON_TYPE]: { schema: { ...error, properties: { code: { enum: codes } } } } },
  };
}
