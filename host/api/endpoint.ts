/**
 * Endpoints: one declaration each, out of which come hapi's route, the judgement of callers and of bodies, and the OpenAPI
 * document. An endpoint without a word about access does not type-check, and a route that was made otherwise is refused to
 * every caller.
 */
import type { Request, ResponseToolkit, RouteOptions, ServerRoute } from '@hapi/hapi';
import { z } from 'zod';
import type { AnsweredCode } from '../codes.ts';
import { ApiError } from '../error.ts';
import type { RouteRule } from './access.ts';
import { type Caller, callerOf, type Needs } from './caller.ts';
import { shown } from './query.ts';
import type { ApiParts } from './server.ts';

/** Methods of endpoints. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may call. `open`: anyone; a known caller may be told more. `signed`: whoever proves to be the sender; the handler checks
 * that before anything else. `known`: every caller whose token is good.
 */
export type AccessRule = 'open' | 'signed' | 'known' | Needs;

/** An answer of an endpoint, for the OpenAPI document. */
export interface AnswerRule {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Default `application/json`. */
  readonly contentType?: string;
}

/** A request as handlers see it: judged, and parsed by the endpoint's schemas. */
export interface Call<Q = unknown, B = unknown> {
  /** Null at open and signed endpoints only. */
  readonly caller: Caller | null;
  /** Parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  readonly request: Request;
  readonly h: ResponseToolkit;
}

interface Declared {
  readonly method: Method;
  /** As hapi writes it: `/workflows/{id}`. */
  readonly path: string;
  /** Name as Aidbox knows it, the document's `operationId`. */
  readonly operation: string;
  /** Group in the document. */
  readonly tag: string;
  /** One sentence. */
  readonly summary: string;
  readonly access: AccessRule;
  readonly answers: Readonly<Record<number, AnswerRule>>;
  /** Headers that it heeds, and what they do. For the document. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Codes it may answer with, beside those that any endpoint may. For the document; absent: any of the table. */
  readonly errors?: readonly AnsweredCode[];
  /** How the sender of a signed endpoint proves itself, in the document's words. Absent: as the summary says. */
  readonly scheme?: 'app';
  /** A call of it starts a run: such calls have a limit of their own. */
  readonly starts?: true;
  /** It hands the call on to another endpoint, which is the one that writes. */
  readonly relays?: true;
  /** Limits of hapi's that differ from the server's. */
  readonly options?: Pick<RouteOptions, 'payload' | 'timeout'>;
}

/** An endpoint as its author writes it. */
export interface Declaration<Q extends z.ZodType, B extends z.ZodType> extends Declared {
  /** Beside it every endpoint takes `?branch=`. A name that is neither is refused, but for `_format` and its like. */
  readonly query?: Q;
  /** Absent: the body is handed on as it was parsed. */
  readonly body?: B;
  /** Judges the sender of a signed endpoint before anything of the request is looked at. Throws `ApiError`. */
  readonly prove?: (request: Request, parts: ApiParts) => void | Promise<void>;
  readonly handler: (call: Call<z.output<Q>, z.output<B>>, parts: ApiParts) => unknown;
}

/** A declared endpoint. */
export interface Endpoint extends Declared {
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly handle: (request: Request, h: ResponseToolkit, parts: ApiParts) => Promise<unknown>;
}

/** Declares an endpoint. The handler gets what its schemas let through; the rest is 400 `BODY_INVALID` with its place. */
export function endpoint<Q extends z.ZodType, B extends z.ZodType>(declared: Declaration<Q, B>): Endpoint {
  const { handler, prove, query, body, ...rest } = declared;
  return {
    ...rest,
    ...(query && { query }),
    ...(body && { body }),
    handle: async (request, h, parts) => {
      await prove?.(request, parts);
      // Whoever is not known here may add what it likes, as probes and senders do.
      if (typeof rest.access === 'object') refuseOthers(request, query);
      const call = {
        caller: callerOf(request),
        params: request.params as Readonly<Record<string, string>>,
        query: parsed('query', query, request.query) as z.output<Q>,
        body: parsed('body', body, request.payload) as z.output<B>,
        request,
        h,
      };
      return handler(call, parts);
    },
  };
}

/** hapi's route of an endpoint. */
export function routeOf(made: Endpoint, parts: ApiParts): ServerRoute {
  const { method, path, operation, access, options, starts = false, relays = false, handle } = made;
  return {
    method,
    path,
    options: {
      ...options,
      auth: { mode: access === 'open' || access === 'signed' ? 'try' : 'required' },
      plugins: { cloister: { access, operation, starts, relays } satisfies RouteRule },
    },
    handler: async (request, h) => {
      const answer = await handle(request, h, parts);
      if (method !== 'GET' && !relays) parts.written?.({ operation, caller: callerOf(request), request, code: 'OK' });
      return answer as never;
    },
  };
}

/** The part of a host that an endpoint is about. Throws `NOT_CONFIGURED` when the host has none. */
export function need<T>(part: T | null, name: string): T {
  if (part !== null) return part;
  throw new ApiError('NOT_CONFIGURED', `this host has no ${name}`);
}

/** A filter that is misspelt must not show everything, nor a branch that is start a run on the main one. */
function refuseOthers(request: Request, schema: z.ZodType | undefined): void {
  if (schema !== undefined && !(schema instanceof z.ZodObject)) return;
  const known = [...new Set([...Object.keys(schema?.shape ?? {}), 'branch'])];
  const [other] = Object.keys(request.query).filter((name) => !name.startsWith('_') && !known.includes(name));
  if (other === undefined) return;
  throw new ApiError('BODY_INVALID', 'the query is not valid', {
    where: 'query',
    found: shown(other),
    expected: `of ${known.sort().join(', ')}`,
  });
}

/** What the schema makes of a value. Throws `BODY_INVALID` with the place of what it does not let through. */
export function parsed(where: 'query' | 'body', schema: z.ZodType | undefined, value: unknown): unknown {
  if (isDeeperThan(value, BODY_MAX_DEPTH)) {
    throw new ApiError('BODY_INVALID', `the ${where} is nested too deep`, {
      where,
      expected: `at most ${BODY_MAX_DEPTH} levels`,
    });
  }
  if (!schema) return value;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path ?? [];
  throw new ApiError('BODY_INVALID', `the ${where} is not valid`, {
    where: path.length === 0 ? where : `${where} ${path.join('.')}`,
    found: shown(at(value, path)),
    expected: expectedBy(issue),
  });
}

/** As deep as a script's params may be: what lies deeper could not be handed on, and takes walks over it off their stack. */
const BODY_MAX_DEPTH = 256;

/** Looks into what JSON makes; bytes and streams are no levels. */
function isDeeperThan(value: unknown, most: number): boolean {
  let level = [value];
  for (let depth = 0; depth <= most; depth++) {
    level = level.flatMap((each) => (isTree(each) ? Object.values(each) : []));
    if (level.length === 0) return false;
  }
  return true;
}

function isTree(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

/** Schemas of ours say what they expect; a library's own sentence is cut down to that. */
function expectedBy(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'another value';
  if (issue.code === 'unrecognized_keys') return `no field ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  const [, expected] = /expected (.*?)(, received .*)?$/.exec(issue.message) ?? [];
  return expected ?? issue.message;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined;
    return (inner as Record<PropertyKey, unknown>)[key];
  }, value);
}
