/** JSON Schemas out of zod's, with those that have an id gathered as components of the document. */
import { z } from 'zod';
import type { Json } from './openapi.ts';

/** Collects components while a document is made. */
export class Schemas {
  readonly #components = new Map<string, Json>();

  /** Of what a request carries: defaults may be left out. */
  ofRequest(schema: z.ZodType): Json {
    return this.#read(schema, 'input');
  }

  /** Of what is answered. */
  ofAnswer(schema: z.ZodType): Json {
    return this.#read(schema, 'output');
  }

  /** All schemas with an id, by name. Throws when two schemas have one id. */
  components(): Json {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #read(schema: z.ZodType, io: 'input' | 'output'): Json {
    const made = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any', override: leaveOpen });
    const { $schema, $defs = {}, ...rest } = JSON.parse(JSON.stringify(made)) as Record<string, unknown>;
    for (const [name, each] of Object.entries($defs as Record<string, Json>)) this.#add(name, located(each) as Json);
    return located(rest) as Json;
  }

  #add(name: string, schema: Json): void {
    const known = this.#components.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(`two schemas have the id ${name}, or one is both asked and answered, with defaults`);
    }
    this.#components.set(name, schema);
  }
}

/** An object that is not declared strict may grow. */
function leaveOpen({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}) {
  const { def } = zodSchema._zod;
  if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties;
  // Names of fields are always texts.
  if (JSON.stringify(jsonSchema.propertyNames) === '{"type":"string"}') delete jsonSchema.propertyNames;
  // Numbers that are safe in JavaScript: a limit that tells readers nothing.
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}

/** References to where the document keeps what they mean. */
function located(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(located);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => {
    if (key === '$ref') return [key, String(each).replace('#/$defs/', '#/components/schemas/')];
    return [key, located(each)];
  });
  return Object.fromEntries(entries);
}
