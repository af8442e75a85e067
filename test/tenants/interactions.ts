/** Generates FHIR calls that are after another tenant: the capability's operations, and raw requests to the attacker's base. */
import fc from 'fast-check';
import { operations, resourceOf } from './resources.ts';
import {
  anyParameters,
  id,
  mostly,
  oddId,
  oddType,
  oneOf,
  type Pair,
  parameters,
  toObject,
  toText,
  type,
  VICTIM,
} from './search.ts';

/** A call of `fhir.<method>`, or a request as it goes to the server. */
export type Interaction =
  | { readonly kind: string; readonly method: string; readonly args: unknown }
  | { readonly kind: string; readonly request: RawRequest };

/** A request to the attacker's own base; `path` begins after it. */
export interface RawRequest {
  readonly verb: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

type Parameters = (of: string) => fc.Arbitrary<Pair[]>;
type Unnamed = Omit<RawRequest, 'headers'>;

const someType = mostly(type, oddType);
const someId = mostly(id, oddId);
const version = oneOf('W/"1"', 'W/"2"', '*', '"1"', 'x');

function call(kind: string, args: object, method = kind): Interaction {
  return { kind, method, args };
}

const single: fc.Arbitrary<Interaction> = fc.oneof(
  fc.tuple(someType, someId).map(([of, one]) => call('read', { type: of, id: one })),
  someType.chain(resourceOf).map((resource) => call('create', { resource })),
  someType.chain(resourceOf).map((resource) => call('update', { resource })),
  fc.tuple(someType, someId, operations).map(([of, one, ops]) => call('patch', { type: of, id: one, ops })),
  fc.tuple(type, someId).map(([of, one]) => call('delete', { type: of, id: one })),
);
const searched = someType.chain((of) =>
  parameters(of).map((pairs) => call('search', { type: of, params: toObject(pairs) })),
);

/** What stands before the type in the url of an entry: nothing, but for a few. */
const before = fc.oneof(
  { weight: 40, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: oneOf('/', '/fhir/', `../${VICTIM}/fhir/`, `Organization/${VICTIM}/fhir/`, 'http://127.0.0.1/fhir/'),
  },
);
const binary = operations.map((ops) => ({
  resourceType: 'Binary',
  contentType: 'application/json-patch+json',
  data: Buffer.from(JSON.stringify(ops)).toString('base64'),
}));

/** An entry for one resource, for those that a search finds, or for a new one. */
function entryOf(of: string, given: Parameters): fc.Arbitrary<object> {
  const query = given(of).map(toText);
  const found = query.map((text) => (text === '' ? of : `${of}?${text}`));
  const named = someId.map((one) => `${of}/${one}`);
  const target = fc.oneof({ weight: 2, arbitrary: named }, { weight: 1, arbitrary: found });
  const request = (method: string, url: fc.Arbitrary<string>, rest: fc.Arbitrary<object> = fc.constant({})) =>
    fc.tuple(before, url, rest).map(([start, text, more]) => ({ method, url: `${start}${text}`, ...more }));
  const body = resourceOf(of);
  const versions = fc.record({ ifMatch: version, ifNoneMatch: version }, { requiredKeys: [] });
  const unique = fc.oneof(
    query.map((ifNoneExist) => ({ ifNoneExist })),
    fc.constant({}),
  );
  return fc.oneof(
    request('GET', target).map((asked) => ({ request: asked })),
    request('DELETE', target).map((asked) => ({ request: asked })),
    fc.record({ request: request('POST', fc.constant(of), unique), resource: body }),
    fc.record({ request: request('PATCH', target), resource: binary }),
    fc.tuple(request('PUT', named, versions), body).map(([asked, resource]) => ({
      request: asked,
      resource: { ...resource, id: asked.url.slice(asked.url.lastIndexOf('/') + 1) },
    })),
    fc.tuple(request('PUT', found), body).map(([asked, { id: _id, ...resource }]) => ({ request: asked, resource })),
  );
}

function bundle(given: Parameters) {
  const entries = fc.array(
    someType.chain((of) => entryOf(of, given)),
    { minLength: 1, maxLength: 3 },
  );
  return fc
    .tuple(oneOf('transaction', 'batch', 'batch'), entries)
    .map(([kind, entry]) => ({ resourceType: 'Bundle', type: kind, entry }));
}

/** Segments as the host could put them into a path: what an id may not hold is percent-encoded. */
const segment = mostly(id, oddId.map(encodeURIComponent));
const suffix = oneOf('', '', '/_history', '/_history/1', '/_history/2', '/$everything', '/$validate', '/Encounter');
const elsewhere = oneOf('/_history', '/Patient/_history', '/Patient/$export', '/$export', '/metadata', '/fhir/Patient');
const graphql = { query: '{ PatientList(_id: "foreign") { id name { family } } }' };

function rawOf(of: string): fc.Arbitrary<Unnamed> {
  const pairs = anyParameters(of);
  const found = pairs.map((given) => `/${of}?${toText(given)}`);
  const one = segment.map((each) => `/${of}/${each}`);
  const body = resourceOf(of);
  const last = (path: string) => decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
  return fc.oneof(
    { weight: 3, arbitrary: found.map((path) => ({ verb: 'GET', path })) },
    pairs.map((given) => ({ verb: 'POST', path: `/${of}/_search`, body: toObject(given) })),
    fc.tuple(one, suffix).map(([path, more]) => ({ verb: 'GET', path: `${path}${more}` })),
    fc.tuple(elsewhere, pairs).map(([path, given]) => ({ verb: 'GET', path: `${path}?${toText(given)}` })),
    body.map((resource) => ({ verb: 'POST', path: `/${of}`, body: resource })),
    fc.tuple(one, body).map(([path, given]) => ({ verb: 'PUT', path, body: { ...given, id: last(path) } })),
    fc.tuple(found, body).map(([path, { id: _id, ...given }]) => ({ verb: 'PUT', path, body: given })),
    fc.tuple(fc.oneof(one, found), operations).map(([path, ops]) => ({ verb: 'PATCH', path, body: ops })),
    fc.oneof(one, found).map((path) => ({ verb: 'DELETE', path })),
    bundle(anyParameters).map((given) => ({ verb: 'POST', path: '', body: given })),
    fc.constant({ verb: 'POST', path: `/$graphql`, body: graphql }),
  );
}

const raw: fc.Arbitrary<Interaction> = type
  .chain((of) =>
    fc.tuple(
      rawOf(of),
      fc.record(
        { 'if-none-exist': anyParameters(of).map(toText), 'if-match': version, 'if-none-match': version },
        { requiredKeys: [] },
      ) as fc.Arbitrary<Record<string, string>>,
    ),
  )
  .map(([request, headers]) => ({ kind: `raw ${request.verb}`, request: { ...request, headers } }));

/** All kinds: what the capability sends, and what only a server without it in front would get. */
export const interactions: fc.Arbitrary<Interaction> = fc.oneof(
  { weight: 5, arbitrary: single },
  { weight: 5, arbitrary: searched },
  { weight: 4, arbitrary: bundle(parameters).map((given) => call(given.type, { bundle: given }, 'transaction')) },
  { weight: 9, arbitrary: raw },
);
