/** `/projects/{projectId}/workflows`: what was drawn and compiled, and its publication. */
import type { RouteOptions } from '@hapi/hapi';
import { z } from 'zod';
import type { ProjectRow, ProjectWorkflowRow } from '../../../registry/index.ts';
import { regarding } from '../audit.ts';
import { type Call, endpoint } from '../endpoint.ts';
import type { ApiParts } from '../server.ts';
import { noWorkflow, projectOf, tables, uuidOf, workflowFor } from './find.ts';
import { problemView, publish } from './publish.ts';
import {
  COMPILATION,
  compiledText,
  LISTED_WORKFLOW,
  listedWorkflow,
  NEW_WORKFLOW,
  PROJECT_PROBLEM,
  PUBLICATION,
  WORKFLOW,
  WORKFLOW_CHANGE,
  workflowView,
} from './schemas.ts';

const READS = { role: 'viewer', scope: 'projects:read', tenants: 'own' } as const;
const WRITES = { role: 'developer', scope: 'projects:write', tenants: 'own' } as const;

/** Code is larger than other bodies: three texts of a megabyte each, which JSON escapes. */
export const CODE_BODY: Pick<RouteOptions, 'payload'> = { payload: { maxBytes: 4 * 2 ** 20 } };

/** Code may have to be compiled before the answer. */
const CHECKED = { ...CODE_BODY, timeout: { server: 120_000 } } as const;

const SAVED = z
  .object({
    ...WORKFLOW.shape,
    warnings: z.array(PROJECT_PROBLEM).nullable().meta({
      description:
        'What is wrong with code or definition that the call brought, which are kept all the same; publish would refuse the errors among it. Null: it could not be checked.',
    }),
  })
  .meta({ id: 'SavedProjectWorkflow' });

/** Endpoints about the workflows of a project. */
export const projectWorkflowEndpoints = [
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}/workflows',
    operation: 'list-project-workflows',
    tag: 'projects',
    summary: "The project's workflows, whatever their status.",
    access: READS,
    answers: { 200: { description: 'Without their code.', schema: z.object({ workflows: z.array(LISTED_WORKFLOW) }) } },
    errors: ['PROJECT_NOT_FOUND'],
    handler: async (call, parts) => {
      const { id } = await projectOf(call, parts);
      return { workflows: (await tables(parts).listProjectWorkflows(id)).map(listedWorkflow) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/projects/{projectId}/workflows',
    operation: 'create-project-workflow',
    tag: 'projects',
    summary: 'Adds a workflow: a draft, unless a status is given. Its code is kept as it is, and checked.',
    access: WRITES,
    body: NEW_WORKFLOW,
    options: CHECKED,
    answers: { 201: { description: 'The workflow.', schema: SAVED } },
    errors: ['PROJECT_NOT_FOUND', 'BODY_TOO_LARGE'],
    handler: async (call, parts) => {
      const project = await projectOf(call, parts);
      const made = await save(parts, project, { ...call.body });
      regarding(call.request, { target: { project: project.id, workflow: made.id } });
      return call.h.response(await savedView(parts, project, made, call.body)).code(201);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}/workflows/{workflowId}',
    operation: 'get-project-workflow',
    tag: 'projects',
    summary: 'One workflow with what was drawn and compiled.',
    access: READS,
    answers: { 200: { description: 'The workflow.', schema: WORKFLOW } },
    errors: ['PROJECT_NOT_FOUND', 'WORKFLOW_NOT_FOUND'],
    handler: async (call, parts) => workflowView(await workflowOf(call, parts, await projectOf(call, parts))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/projects/{projectId}/workflows/{workflowId}',
    operation: 'change-project-workflow',
    tag: 'projects',
    summary:
      'Changes what is given of a workflow; code is kept as it is, and checked. Runs that begin afterwards use it, running ones do not.',
    access: WRITES,
    body: WORKFLOW_CHANGE,
    options: CHECKED,
    answers: { 200: { description: 'The workflow as it is now.', schema: SAVED } },
    errors: ['PROJECT_NOT_FOUND', 'WORKFLOW_NOT_FOUND', 'BODY_TOO_LARGE'],
    handler: async (call, parts) => {
      const project = await projectOf(call, parts);
      const { id, name } = await workflowOf(call, parts, project);
      const saved = await save(parts, project, { ...call.body, name: call.body.name ?? name, id });
      return savedView(parts, project, saved, call.body);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}/workflows/{workflowId}/compilations',
    operation: 'list-compilations',
    tag: 'projects',
    summary: 'What was published of a workflow, newest first.',
    access: READS,
    answers: { 200: { description: 'Without code.', schema: z.object({ compilations: z.array(COMPILATION) }) } },
    errors: ['PROJECT_NOT_FOUND', 'WORKFLOW_NOT_FOUND'],
    handler: async (call, parts) => {
      const { id } = await workflowOf(call, parts, await projectOf(call, parts));
      return { compilations: await tables(parts).listCompilations(id) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/workflows/{id}/publish',
    operation: 'publish-project-workflow',
    tag: 'projects',
    summary: "Checks the code of a project's workflow, records it as a compilation, and lets new runs use it.",
    access: WRITES,
    body: PUBLICATION,
    options: CHECKED,
    answers: {
      200: {
        description: 'It is published.',
        schema: z.object({
          workflow: LISTED_WORKFLOW,
          compilation: COMPILATION,
          types: z.array(z.string()).meta({ description: 'Workflow types that runs can be started with.' }),
          codeDigest: z.string().meta({ description: 'Of what runs are pinned to.' }),
          warnings: z.array(PROJECT_PROBLEM),
        }),
      },
    },
    errors: ['WORKFLOW_NOT_FOUND', 'WORKFLOW_INVALID', 'BODY_TOO_LARGE'],
    handler: async (call, parts) => {
      const { project, workflow } = await workflowFor(call, parts, uuidOf(call, 'id'));
      regarding(call.request, { target: { project: project.id, workflow: workflow.id } });
      const { version = null, activate = true, compiledTypescript } = call.body;
      const code = compiledTypescript === undefined ? undefined : compiledText(compiledTypescript);
      return publish(parts, project, workflow, { version, activate, ...(code !== undefined && { code }) });
    },
  }),
];

type Given = Partial<z.output<typeof WORKFLOW_CHANGE>> & { readonly name: string; readonly id?: string };

function save(parts: ApiParts, { id: projectId }: ProjectRow, given: Given): Promise<ProjectWorkflowRow> {
  const { compiledTypescript, ...rest } = given;
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return tables(parts).saveProjectWorkflow({
    name: given.name,
    ...known,
    projectId,
    ...(compiledTypescript !== undefined && { compiledTypescript: compiledText(compiledTypescript) }),
  });
}

/** A workflow as it was kept, and what publish would say to what was given. It is kept whether or not it can be checked. */
async function savedView(
  parts: ApiParts,
  project: ProjectRow,
  saved: ProjectWorkflowRow,
  { compiledTypescript, definition }: Pick<Partial<Given>, 'compiledTypescript' | 'definition'>,
): Promise<z.input<typeof SAVED>> {
  const isGiven = saved.compiledTypescript !== null && (compiledTypescript !== undefined || definition !== undefined);
  const checked = isGiven ? await parts.projectCode?.check(project, saved).catch(() => null) : NO_PROBLEMS;
  return {
    ...workflowView(saved),
    warnings: checked ? [...checked.errors, ...checked.warnings].map(problemView) : null,
  };
}

const NO_PROBLEMS = { errors: [], warnings: [] };

async function workflowOf(call: Call, parts: ApiParts, { id }: ProjectRow): Promise<ProjectWorkflowRow> {
  const workflowId = uuidOf(call, 'workflowId');
  const found = await tables(parts).getProjectWorkflow(workflowId);
  if (found?.projectId === id) return found;
  throw noWorkflow(workflowId);
}
