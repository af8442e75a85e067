/** `/projects/{projectId}/components`: custom activities. */
import { z } from 'zod';
import type { ComponentRow, ProjectRow } from '../../../registry/index.ts';
import { ApiError } from '../../error.ts';
import { regarding } from '../audit.ts';
import { type Call, endpoint } from '../endpoint.ts';
import { shown } from '../query.ts';
import type { ApiParts } from '../server.ts';
import { projectOf, tables, uuidOf } from './find.ts';
import {
  COMPONENT,
  COMPONENT_CHANGE,
  componentView,
  LISTED_COMPONENT,
  listedComponent,
  NEW_COMPONENT,
} from './schemas.ts';
import { CODE_BODY } from './workflows.ts';

const READS = { role: 'viewer', scope: 'projects:read', tenants: 'own' } as const;
const WRITES = { role: 'developer', scope: 'projects:write', tenants: 'own' } as const;

/** Endpoints about the components of a project. */
export const componentEndpoints = [
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}/components',
    operation: 'list-components',
    tag: 'projects',
    summary: "The project's custom activities.",
    access: READS,
    answers: {
      200: { description: 'Without their code.', schema: z.object({ components: z.array(LISTED_COMPONENT) }) },
    },
    errors: ['PROJECT_NOT_FOUND'],
    handler: async (call, parts) => {
      const { id } = await projectOf(call, parts);
      return { components: (await tables(parts).listProjectComponents(id)).map(listedComponent) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/projects/{projectId}/components',
    operation: 'create-component',
    tag: 'projects',
    summary: 'Adds a custom activity. A workflow calls it once a node of its definition names the id.',
    access: WRITES,
    body: NEW_COMPONENT,
    options: CODE_BODY,
    answers: { 201: { description: 'The component.', schema: COMPONENT } },
    errors: ['PROJECT_NOT_FOUND', 'BODY_TOO_LARGE'],
    handler: async (call, parts) => {
      const project = await projectOf(call, parts);
      const { name, code, language = 'typescript', isActive = true, version = null } = call.body;
      const written = { projectId: project.id, name, code, language, isActive, version };
      const made = await tables(parts).saveComponent(written);
      regarding(call.request, { target: { project: project.id, component: made.id } });
      return call.h.response(componentView(made)).code(201);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}/components/{componentId}',
    operation: 'get-component',
    tag: 'projects',
    summary: 'One custom activity with its code.',
    access: READS,
    answers: { 200: { description: 'The component.', schema: COMPONENT } },
    errors: ['PROJECT_NOT_FOUND', 'COMPONENT_NOT_FOUND'],
    handler: async (call, parts) => componentView(await componentOf(call, parts, await projectOf(call, parts))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/projects/{projectId}/components/{componentId}',
    operation: 'change-component',
    tag: 'projects',
    summary: 'Changes what is given of a custom activity; runs that began before keep what they began with.',
    access: WRITES,
    body: COMPONENT_CHANGE,
    options: CODE_BODY,
    answers: { 200: { description: 'The component as it is now.', schema: COMPONENT } },
    errors: ['PROJECT_NOT_FOUND', 'COMPONENT_NOT_FOUND', 'BODY_TOO_LARGE'],
    handler: async (call, parts) => {
      const project = await projectOf(call, parts);
      const { id, name, code, language, isActive, version } = await componentOf(call, parts, project);
      const given = Object.fromEntries(Object.entries(call.body).filter(([, value]) => value !== undefined));
      const now = { id, projectId: project.id, name, code: code ?? '', language, isActive, version, ...given };
      return componentView(await tables(parts).saveComponent(now));
    },
  }),
];

async function componentOf(call: Call, parts: ApiParts, { id: projectId }: ProjectRow): Promise<ComponentRow> {
  const id = uuidOf(call, 'componentId');
  const [found] = await tables(parts).listComponents([id]);
  if (found?.projectId === projectId) return found;
  throw new ApiError('COMPONENT_NOT_FOUND', 'no such component', { where: 'path', found: shown(id) });
}
