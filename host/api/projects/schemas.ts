/** What the API says and takes of projects, as schemas. */
import { z } from 'zod';
import {
  type ComponentRow,
  DECLARED,
  type Declaration,
  type ProjectRow,
  type ProjectWorkflowRow,
} from '../../../registry/index.ts';
import { DEFAULT_LIMITS } from '../../../sandbox/index.ts';
import { NAME } from '../keys.ts';

const TEXT_MAX = 4 * 2 ** 20;
const NULLABLE = z.string().nullable();
const VERSION = z
  .string({ error: 'expected a version' })
  .regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/, 'expected a version of letters, digits, ".", "+" and "-"')
  .meta({ examples: ['2'] });

/** No database keeps the character NUL, nor half of one. */
const TEXT = z
  .string({ error: 'expected a text' })
  .max(TEXT_MAX)
  .refine(isStorable, 'expected text without the character NUL');
const JSON_VALUE = z.unknown().refine(isStorable, 'expected JSON without the character NUL');

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, inner]) => isStorable(key) && isStorable(inner));
}

const list = (form: RegExp | ((text: string) => boolean), expected: string) =>
  z
    .array(z.string().refine((text) => (typeof form === 'function' ? form(text) : form.test(text)), expected))
    .max(1000)
    .default([]);
const LIMIT = z.int('expected a whole number above 0').positive('expected a whole number above 0').optional();

/** What a project asks for; what is left out is not asked for. */
const DECLARATION = z
  .strictObject({
    capabilities: z.array(z.enum(['fhir', 'db', 'http', 'log'])).default(['fhir', 'log']),
    http: z
      .strictObject({ allow: list(DECLARED.isOrigin, 'expected an origin such as https://api.example.org') })
      .optional(),
    db: z
      .strictObject({
        tables: list(DECLARED.name, 'expected the name of a table'),
        functions: list(DECLARED.name, 'expected the name of a function'),
      })
      .optional(),
    env: list(DECLARED.name, 'expected the name of a variable'),
    secrets: list(DECLARED.alias, 'expected the alias of a secret'),
    limits: z.strictObject(Object.fromEntries(Object.keys(DEFAULT_LIMITS).map((name) => [name, LIMIT]))).optional(),
    deterministic: z.boolean().default(false),
  })
  .meta({
    description:
      'What the project asks for, as `cloister.yaml` says it; the tenant must be granted it. Null: fhir and log.',
  });

/** The declaration as the registry keeps it. */
export function declarationOf(asked: z.output<typeof DECLARATION>): Declaration {
  const { http = { allow: [] }, db = { tables: [], functions: [] }, limits = {}, ...rest } = asked;
  const given = Object.entries(limits).filter(([, limit]) => limit !== undefined);
  return { ...rest, http, db, limits: Object.fromEntries(given) as Declaration['limits'] };
}

/** Fields of a project that its owner chooses. */
const CHOSEN = {
  taskQueueName: z
    .string({ error: 'expected the name of a task queue' })
    .min(1, 'expected the name of a task queue')
    .max(200, 'expected at most 200 characters')
    .meta({ description: 'Made of owner and name when it is left out. A rename does not change it.' }),
  workerSlots: z
    .int('expected a number from 1 to 32')
    .min(1, 'expected a number from 1 to 32')
    .max(32, 'expected a number from 1 to 32')
    .meta({ description: 'Hosts that may poll at once.' }),
  autoRestart: z.boolean().meta({ description: 'Whether a worker that crashed is started again.' }),
  activities: z.enum(['pinned', 'latest'], { error: 'expected pinned or latest' }).meta({
    description: 'Which activities a run calls: those of its own first step, or the newest.',
  }),
  declaration: DECLARATION.nullable(),
};

/** A new project. */
export const NEW_PROJECT = z.strictObject({
  name: NAME,
  tenant: z
    .string({ error: 'expected the id of an Organization' })
    .optional()
    .meta({
      description: 'Organization whose project it is. Callers bound to a tenant may leave it out.',
      examples: ['org-1'],
    }),
  userId: z
    .guid('expected a UUID')
    .nullable()
    .optional()
    .meta({ description: 'Owner; the queue begins with its first characters.' }),
  ...z.strictObject(CHOSEN).partial().shape,
});

/** What of a project may change. */
export const PROJECT_CHANGE = z.strictObject({ name: NAME, isActive: z.boolean(), ...CHOSEN }).partial();

/** A project. */
export const PROJECT = z
  .object({
    id: z.string(),
    name: z.string(),
    kebabName: z.string(),
    taskQueueName: z.string(),
    userId: NULLABLE,
    tenant: z.string(),
    workerDesired: z.enum(['running', 'stopped']),
    workerSlots: z.int(),
    autoRestart: z.boolean(),
    isActive: z.boolean(),
    activities: z.enum(['pinned', 'latest']),
    declaration: z.record(z.string(), z.unknown()).nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Project' });

/** A project as it is shown. */
export function projectView(row: ProjectRow): z.input<typeof PROJECT> {
  const { id, name, kebabName, taskQueueName, userId, tenant, workerDesired, workerSlots, autoRestart } = row;
  const { isActive, activities, declaration, createdAt, updatedAt } = row;
  return {
    ...{ id, name, kebabName, taskQueueName, userId, tenant, workerDesired, workerSlots, autoRestart, isActive },
    ...{ activities, declaration: declaration === null ? null : { ...declaration }, createdAt, updatedAt },
  };
}

/** Code of a workflow as it is taken: the text that the Workflow Builder keeps, or its three parts. */
const COMPILED = z
  .union(
    [
      TEXT,
      z.strictObject({ workflow_code: TEXT, activities_code: TEXT.optional(), worker_code: TEXT.optional() }),
      z.null(),
    ],
    {
      error: 'expected JSON text, { workflow_code, activities_code, worker_code }, or null',
    },
  )
  .meta({
    description:
      'JSON text with `workflow_code`, `activities_code` and `worker_code`, or the three themselves. `worker_code` is kept and never run.',
  });

/** The text that is kept. */
export function compiledText(code: z.output<typeof COMPILED>): string | null {
  return typeof code === 'object' && code !== null ? JSON.stringify(code) : code;
}

const WORKFLOW_FIELDS = {
  name: NAME,
  kebabName: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected small letters and digits, joined by "-"')
    .max(200)
    .nullable(),
  status: z.enum(['active', 'draft', 'inactive', 'archived'], {
    error: 'expected active, draft, inactive or archived',
  }),
  isActive: z.boolean(),
  definition: JSON_VALUE.meta({ description: 'As drawn: `nodes[].data.componentId` names the custom activities.' }),
  compiledTypescript: COMPILED,
};

/** A new workflow. */
export const NEW_WORKFLOW = z.strictObject({ ...z.strictObject(WORKFLOW_FIELDS).partial().shape, name: NAME });

/** What of a workflow may change. */
export const WORKFLOW_CHANGE = z.strictObject(WORKFLOW_FIELDS).partial();

/** What is published. */
export const PUBLICATION = z
  .strictObject({
    compiledTypescript: COMPILED.meta({ description: 'Code to publish; absent: that which is kept.' }),
    version: VERSION,
    activate: z.boolean().meta({ description: 'Whether new runs are to use it, which they do unless this is false.' }),
  })
  .partial();

const LISTED = {
  id: z.string(),
  projectId: z.string(),
  name: z.string(),
  kebabName: NULLABLE,
  status: NULLABLE,
  isActive: z.boolean(),
  isCompiled: z.boolean(),
  compiledAt: NULLABLE,
  createdAt: NULLABLE,
  updatedAt: NULLABLE,
};

/** A workflow in a list. */
export const LISTED_WORKFLOW = z.object(LISTED).meta({ id: 'ProjectWorkflowListing' });

/** A workflow with what was drawn and what was compiled. */
export const WORKFLOW = z
  .object({ ...LISTED, definition: z.unknown(), compiledTypescript: NULLABLE })
  .meta({ id: 'ProjectWorkflow' });

/** A workflow as a list shows it. */
export function listedWorkflow(row: ProjectWorkflowRow): z.input<typeof LISTED_WORKFLOW> {
  const { id, projectId, name, kebabName, status, isActive, compiledAt, createdAt, updatedAt } = row;
  const isCompiled = row.compiledTypescript !== null;
  return { id, projectId, name, kebabName, status, isActive, isCompiled, compiledAt, createdAt, updatedAt };
}

/** A workflow as it is shown. */
export function workflowView(row: ProjectWorkflowRow): z.input<typeof WORKFLOW> {
  return { ...listedWorkflow(row), definition: row.definition ?? null, compiledTypescript: row.compiledTypescript };
}

const COMPONENT_FIELDS = {
  name: NAME,
  code: TEXT.min(1, 'expected code'),
  language: z.enum(['typescript', 'javascript'], { error: 'expected typescript or javascript' }),
  isActive: z.boolean(),
  version: VERSION.nullable(),
};

/** A new component. */
export const NEW_COMPONENT = z.strictObject({
  ...z.strictObject(COMPONENT_FIELDS).partial().shape,
  name: NAME,
  code: COMPONENT_FIELDS.code,
});

/** What of a component may change. */
export const COMPONENT_CHANGE = z.strictObject(COMPONENT_FIELDS).partial();

const LISTED_COMPONENT_FIELDS = {
  id: z.string(),
  projectId: NULLABLE.meta({ description: 'Null: offered to every project.' }),
  name: NULLABLE,
  language: NULLABLE,
  isActive: z.boolean(),
  version: NULLABLE,
  updatedAt: NULLABLE,
};

/** A component in a list. */
export const LISTED_COMPONENT = z.object(LISTED_COMPONENT_FIELDS).meta({ id: 'ComponentListing' });

/** A component with its code. */
export const COMPONENT = z.object({ ...LISTED_COMPONENT_FIELDS, code: NULLABLE }).meta({ id: 'Component' });

/** A component as a list shows it. */
export function listedComponent(row: ComponentRow): z.input<typeof LISTED_COMPONENT> {
  const { id, projectId, name, language, isActive, version, updatedAt } = row;
  return { id, projectId, name, language, isActive, version, updatedAt };
}

/** A component as it is shown. */
export function componentView(row: ComponentRow): z.input<typeof COMPONENT> {
  return { ...listedComponent(row), code: row.code };
}

/** One thing that is wrong with a project's code or settings. */
export const PROJECT_PROBLEM = z
  .object({
    code: z.string(),
    error: z.string().meta({ description: 'The sentence: where, what was found, what was expected.' }),
    where: z.string(),
    found: z.string(),
    expected: z.string(),
    workflowId: z.string().optional(),
    componentId: z.string().optional(),
  })
  .meta({ id: 'ProjectProblem' });

/** A compilation in the history of a workflow. */
export const COMPILATION = z
  .object({
    id: z.string(),
    workflowId: z.string(),
    version: NULLABLE,
    isActive: z.boolean(),
    digest: NULLABLE.meta({ description: 'sha256 over the canonical JSON of the three codes.' }),
    createdAt: NULLABLE,
  })
  .meta({ id: 'Compilation' });
