/** What a branch defines: its workflows, broken ones included, the scripts they may use, its validation rules. */
import { z } from 'zod';
import { listRules, listScripts, showWorkflow } from '../../registry/index.ts';
import { endpoint } from './endpoint.ts';
import { branchOf, workflowOf } from './query.ts';

const READ = { role: 'viewer', scope: 'runs:read', tenants: 'own' } as const;

/** A problem of the project's files. */
export const problem = z
  .object({
    file: z.string(),
    line: z.int(),
    column: z.int(),
    severity: z.enum(['error', 'warning']),
    code: z.string(),
    where: z.string(),
    found: z.string(),
    expected: z.string(),
  })
  .meta({ id: 'Problem', description: 'As `cloister check --json` tells it.' });

const listing = {
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  input: z.record(z.string(), z.string()).nullable().meta({ description: 'Name → type word; null: none is declared.' }),
  execution: z.enum(['sequential', 'parallel']),
  file: z.string(),
  activityCount: z.int(),
  valid: z.boolean(),
  problems: z.array(problem),
};

const script = z
  .object({
    script: z.string().meta({ examples: ['@aidbox-billing/fhir/search', './activities/prebill/save.ts'] }),
    kind: z.enum(['built-in', 'project']),
    description: z.string().nullable(),
    usedBy: z.array(z.string()).meta({ description: 'Ids of the workflows that use it.' }),
  })
  .meta({ id: 'Script' });

const rule = z
  .object({
    id: z.string(),
    name: z.string(),
    category: z.string(),
    level: z.string(),
    severity: z.string(),
    message: z.string(),
    script: z.string(),
    dashboard: z.string().optional(),
    worklist: z.string().optional(),
    description: z.string().nullable(),
  })
  .meta({ id: 'ValidationRule' });

/** Endpoints about what a branch defines. */
export const workflowEndpoints = [
  endpoint({
    method: 'GET',
    path: '/workflows',
    operation: 'list-workflows',
    tag: 'workflows',
    summary: 'All workflow definitions of a branch, broken ones included.',
    access: READ,
    answers: {
      200: {
        description: 'The definitions.',
        schema: z.object({ workflows: z.array(z.object(listing).meta({ id: 'WorkflowListing' })) }),
      },
    },
    handler: async ({ request }, { shelf }) => ({ workflows: await shelf.workflows(branchOf(request)) }),
  }),
  endpoint({
    method: 'GET',
    path: '/workflows/{id}',
    operation: 'get-workflow',
    tag: 'workflows',
    summary: 'One workflow definition with its activities, also a broken one.',
    access: READ,
    answers: {
      200: {
        description: 'The definition.',
        schema: z
          .object({
            ...listing,
            rootChildren: z.array(z.string()),
            activities: z.array(z.record(z.string(), z.unknown())).meta({ description: 'As they stand in the file.' }),
          })
          .meta({ id: 'Workflow' }),
      },
    },
    handler: async ({ request }, { shelf }) => {
      return showWorkflow(await shelf.project(branchOf(request)), workflowOf(request));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/activities',
    operation: 'list-activities',
    tag: 'workflows',
    summary: 'Scripts that workflows may use: built-ins and those of the project.',
    access: READ,
    answers: { 200: { description: 'The scripts.', schema: z.object({ activities: z.array(script) }) } },
    handler: async ({ request }, { shelf }) => {
      return { activities: listScripts(await shelf.project(branchOf(request))) };
    },
  }),
  endpoint({
    method: 'GET',
    path: '/validation-rules',
    operation: 'list-validation-rules',
    tag: 'workflows',
    summary: 'Rules of the manifest, and what is wrong with those that cannot be read.',
    access: READ,
    answers: {
      200: { description: 'The rules.', schema: z.object({ rules: z.array(rule), problems: z.array(problem) }) },
    },
    handler: async ({ request }, { shelf }) => listRules(await shelf.project(branchOf(request))),
  }),
];
