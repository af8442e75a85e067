/** Requests for the operations of an OpenAPI document: valid ones by its schemas, out of a seed. */
import fc from 'fast-check';

/** A JSON Schema as documents hold it. */
export type Schema = Readonly<Record<string, unknown>>;

/** What a program knows of one operation. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly query: readonly { readonly name: string; readonly required: boolean; readonly schema: Schema }[];
  /** Null: it takes none. A schema without a word is any JSON. */
  readonly body: { readonly type: string; readonly schema: Schema; readonly required: boolean } | null;
  /** Status → type of the answer; errors included. */
  readonly answers: ReadonlyMap<number, string>;
  readonly isOpen: boolean;
}

/** A document of the kind that `openapiDocument` makes. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Raw>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Schema;
}

interface Raw {
  readonly operationId: string;
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
  readonly security: readonly Schema[];
}

/** Every operation of a document. */
export function operationsOf({ paths, components }: Document): readonly Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => {
      const parameters = raw.parameters.map((each) =>
        '$ref' in each ? (components.parameters[lastOf(each.$ref)] as Parameter) : each,
      );
      const [content] = Object.entries(raw.requestBody?.content ?? {});
      const answers = Object.entries(raw.responses).map(
        ([status, { content: of = { 'application/json': null } }]) =>
          [Number(status), Object.keys(of)[0] ?? ''] as const,
      );
      return {
        id: raw.operationId,
        method: method.toUpperCase(),
        path,
        query: parameters.filter((each) => each.in === 'query'),
        body: content
          ? { type: content[0], schema: content[1].schema, required: raw.requestBody?.required === true }
          : null,
        answers: new Map(answers),
        isOpen: JSON.stringify(raw.security[0] ?? {}) === '{}',
      };
    }),
  );
}

/** A value that the schema admits, the same for the same seed. `schemas` are the components of the document. */
export function sampleOf(schema: Schema, schemas: Document['components']['schemas'], seed: number): unknown {
  const known = arbitraries.get(schema) ?? new Arbitraries(schemas).of(schema, 0);
  arbitraries.set(schema, known);
  return fc.sample(known, { numRuns: 1, seed })[0];
}

const arbitraries = new WeakMap<Schema, fc.Arbitrary<unknown>>();
const DEEPEST = 6;
const MOST_ITEMS = 3;

class Arbitraries {
  readonly #schemas: Document['components']['schemas'];

  constructor(schemas: Document['components']['schemas']) {
    this.#schemas = schemas;
  }

  of(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const { $ref, examples } = schema as { $ref?: string; examples?: readonly unknown[] };
    if (depth > DEEPEST) return fc.constant(null);
    if ($ref !== undefined) return this.of(this.#schemas[lastOf($ref)] ?? {}, depth);
    const made = this.#made(schema, depth);
    // What authors give as an example gets further than what chance makes.
    return examples && examples.length > 0 ? fc.oneof(made, fc.constantFrom(...examples)) : made;
  }

  #made(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const { type, const: only, enum: words, anyOf, oneOf, allOf } = schema;
    if ('const' in schema) return fc.constant(only);
    if (words) return fc.constantFrom(...(words as unknown[]));
    const either = (anyOf ?? oneOf) as readonly Schema[] | undefined;
    if (either)
      return fc.oneof(
        ...either.map((each) => this.of({ ...schema, anyOf: undefined, oneOf: undefined, ...each }, depth + 1)),
      );
    if (allOf) return this.of(Object.assign({}, ...(allOf as Schema[])) as Schema, depth + 1);
    if (Array.isArray(type))
      return fc.oneof(...(type as string[]).map((each) => this.of({ ...schema, type: each }, depth + 1)));
    return this.#typed(schema, depth);
  }

  #typed(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const {
      type,
      minimum: min = -1000,
      maximum: max = 1e6,
    } = schema as { type?: string; minimum?: number; maximum?: number };
    if (type === 'string') return textOf(schema);
    if (type === 'integer') return fc.integer({ min, max: Math.max(min, max) });
    if (type === 'number') return fc.double({ min, max: Math.max(min, max), noNaN: true });
    if (type === 'boolean') return fc.boolean();
    if (type === 'null') return fc.constant(null);
    if (type === 'array') {
      const { items = {}, minItems = 0, maxItems = MOST_ITEMS } = schema as Record<string, never>;
      return fc.array(this.of(items, depth + 1), {
        minLength: minItems,
        maxLength: Math.max(minItems, Math.min(maxItems, MOST_ITEMS)),
      });
    }
    if (type === 'object') return this.#object(schema, depth);
    return fc.jsonValue({ maxDepth: 2 });
  }

  #object(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const {
      properties = {},
      required = [],
      additionalProperties: more,
    } = schema as {
      properties?: Record<string, Schema>;
      required?: string[];
      additionalProperties?: Schema | boolean;
    };
    const fields = Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [name, this.of(each, depth + 1)]),
    );
    const own = fc.record(fields, { requiredKeys: required, noNullPrototype: true });
    if (more === false || (more === undefined && Object.keys(properties).length > 0)) return own;
    const rest = fc.dictionary(
      fc.string({ minLength: 1, maxLength: 8 }),
      this.of(typeof more === 'object' ? more : {}, depth + 1),
      {
        maxKeys: MOST_ITEMS,
        noNullPrototype: true,
      },
    );
    return fc.tuple(rest, own).map(([a, b]) => ({ ...a, ...b }));
  }
}

function textOf(schema: Schema): fc.Arbitrary<string> {
  const { format, pattern, minLength = 0, maxLength = 40 } = schema as Record<string, never> & { format?: string };
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time')
    return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2099') }).map((at) => at.toISOString());
  if (format === 'binary') return fc.string({ unit: 'binary', maxLength: 200 });
  if (pattern !== undefined) {
    try {
      return fc.stringMatching(new RegExp(pattern));
    } catch {
      // Patterns that look ahead are beyond the library.
    }
  }
  return fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) });
}

const lastOf = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);
