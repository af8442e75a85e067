/** The OpenAPI document: what the endpoints say, in a form that others' programs read. */
import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { z } from 'zod';
import { isOperation } from '../../host/aidbox/app.ts';
import { type Endpoint, endpoint } from '../../host/api/endpoint.ts';
import { openapiDocument } from '../../host/api/openapi.ts';
import { ENDPOINTS } from '../../host/api/server.ts';
import { API_ERRORS } from '../../host/codes.ts';
import { DOCUMENT, documentText } from '../docs/openapi.ts';

const test = suite('the OpenAPI document');

/** As a program reads it. */
interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Record<string, unknown>[];
  readonly requestBody?: Record<string, unknown>;
  readonly responses: Record<string, unknown>;
  readonly security: readonly Record<string, unknown>[];
  readonly [key: `x-${string}`]: unknown;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: Record<string, Record<string, Record<string, unknown>>>;
}

const read = (endpoints: readonly Endpoint[]) => openapiDocument(endpoints) as unknown as Document;
const of = (made: Endpoint): Operation => {
  const [byMethod = {}] = Object.values(read([made]).paths);
  const [operation] = Object.values(byMethod);
  if (operation === undefined) throw new Error('no operation');
  return operation;
};
const declared = (more: Record<string, unknown>): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/things/{id}',
    operation: 'make-thing',
    tag: 'things',
    summary: 'Makes a thing.',
    access: { role: 'operator', scope: 'runs:write', tenants: 'own' },
    answers: { 201: { description: 'The thing.' } },
    handler: () => null,
    ...more,
  });

test('docs/openapi.json says what the code says', async () => {
  const text = await readFile(DOCUMENT, 'utf8');
  assert.ok(text === documentText(), 'docs/openapi.json is out of date: run node test/docs/openapi.ts');
});

test('it is OpenAPI 3.1 by the schema of the specification, and every reference leads somewhere', async () => {
  const judged = await new Validator().validate(JSON.parse(documentText()));
  assert.ok(judged.valid, JSON.stringify(judged));
  const root = JSON.parse(documentText());
  for (const [, path = ''] of documentText().matchAll(/"\$ref": "#\/([^"]+)"/g)) {
    const found = path.split('/').reduce((at, name) => at?.[name], root);
    assert.ok(found, path);
  }
});

test('it holds every endpoint under its method and path, with the access that is asked for', () => {
  const { paths } = read(ENDPOINTS);
  for (const { method, path, operation, access } of ENDPOINTS) {
    const found = paths[path]?.[method.toLowerCase()];
    assert.is(found?.operationId, operation, `${method} ${path}`);
    if (typeof access === 'string') assert.is(found?.['x-access'], access);
    else assert.equal([found?.['x-role'], found?.['x-scope'], found?.['x-tenants']], Object.values(access));
    const isGuarded = access === 'known' || typeof access === 'object';
    assert.is(JSON.stringify(found?.security) === '[{"bearer":[]}]', isGuarded, operation);
  }
});

/** Specification: control plane 2, without the agent's. Null: no operation for Aidbox. */
const TABLE: readonly (readonly [endpoint: string, operation: string | null])[] = [
  ['GET /workflows', 'list-workflows'],
  ['GET /workflows/{id}', 'get-workflow'],
  ['POST /workflows/{id}/run', 'run-workflow'],
  ['GET /workflows/{id}/runs', 'list-runs'],
  ['GET /workflows/{id}/runs/{runId}', 'get-run'],
  ['GET /activities', 'list-activities'],
  ['GET /validation-rules', 'list-validation-rules'],
  ['GET /triggers', 'list-triggers'],
  ['POST /triggers/sync', 'sync-triggers'],
  ['POST /triggers/{triggerId}/webhook', null],
  ['POST /repo/sync', 'repo-sync'],
  ['GET /repo/status', 'repo-status'],
  ['GET /repo/branches', 'repo-branches'],
  ['POST /repo/branches', 'repo-create-branch'],
  ['POST /repo/worktrees', 'repo-create-worktree'],
  ['POST /repo/push', 'repo-push'],
  ['GET /repo/diff', 'repo-diff'],
  ['GET /repo/commits', 'repo-commits'],
  ['POST /repo/sync-built-in', 'repo-sync-built-in'],
  ['POST /rpc', null],
  ['GET /health', null],
];

test('API-1: every endpoint of the table is there under its method, path and operation, and takes a branch', () => {
  const { paths } = read(ENDPOINTS);
  for (const [name, operation] of TABLE) {
    const [method = '', path = ''] = name.split(' ');
    const found = paths[path]?.[method.toLowerCase()];
    assert.ok(found, name);
    const made = ENDPOINTS.find((each) => each.operation === found?.operationId);
    assert.is(made !== undefined && isOperation(made), operation !== null, name);
    if (operation === null) continue;
    assert.is(found?.operationId, operation);
    const names = found?.parameters.map((each) => each.name ?? String(each.$ref).split('/').at(-1));
    assert.ok(names?.includes('branch'), `${name} takes ${names}`);
  }
});

test('every status has the error form, with its codes and no others', () => {
  const { responses = {} } = read(ENDPOINTS).components;
  for (const [code, { status }] of Object.entries(API_ERRORS)) {
    const text = JSON.stringify(responses[`Error${status}`]);
    assert.match(text, '#/components/schemas/Error');
    const [, codes = ''] = /"code":\{"enum":\[(.*?)\]/.exec(text) ?? [];
    assert.ok(codes.includes(`"${code}"`), code);
  }
});

test('query, body and answer come from the schemas; what has an id stands once', () => {
  const Thing = z.object({ id: z.string(), made: z.iso.datetime() }).meta({ id: 'Thing', description: 'A thing.' });
  const made = declared({
    query: z.object({ limit: z.coerce.number().int().min(1).default(5).meta({ description: 'How many.' }) }),
    body: z.strictObject({ name: z.string(), size: z.int().default(1) }),
    answers: { 201: { description: 'Made.', schema: Thing }, 207: { description: 'Many.', schema: z.array(Thing) } },
    errors: ['WORKFLOW_NOT_FOUND'],
    headers: { 'Idempotency-Key': 'Once only.' },
  });
  const { parameters, requestBody, responses } = of(made);
  const [id, limit, key, branch] = parameters;
  assert.equal([id?.name, id?.in, id?.required], ['id', 'path', true]);
  assert.equal([limit?.name, limit?.in, limit?.required, limit?.description], ['limit', 'query', false, 'How many.']);
  assert.equal([key?.name, key?.in, key?.required], ['Idempotency-Key', 'header', false]);
  assert.equal(branch, { $ref: '#/components/parameters/branch' });
  assert.is(requestBody?.required, true);
  const json = (part: unknown) => JSON.stringify((part as { content: Record<string, unknown> }).content);
  assert.match(json(requestBody), '"required":["name"],"additionalProperties":false');
  assert.match(json(responses[201]), '{"$ref":"#/components/schemas/Thing"}');
  assert.match(json(responses[207]), '"items":{"$ref":"#/components/schemas/Thing"}');
  const thing = read([made]).components.schemas?.Thing;
  assert.is(thing?.additionalProperties, undefined, 'answers may grow');
  for (const status of [400, 401, 403, 404, 413, 500, 501, 503]) assert.ok(responses[status], String(status));
  assert.not.ok(responses[409] ?? responses[502], 'what it does not say it answers');
});

test('two endpoints of one operation, and two schemas of one id, are refused', () => {
  assert.throws(() => openapiDocument([declared({}), declared({ path: '/others' })]), /two endpoints are make-thing/);
  const other = declared({
    operation: 'other',
    answers: { 200: { description: '', schema: z.strictObject({ error: z.number() }).meta({ id: 'Error2' }) } },
    body: z.strictObject({ error: z.string() }).meta({ id: 'Error2' }),
  });
  assert.throws(() => openapiDocument([other]), /Error2|Duplicate/);
});

test.run();
