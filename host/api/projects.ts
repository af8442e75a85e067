/** Endpoints about projects, their code and their runs. The door to `projects/`. */
import { componentEndpoints } from './projects/components.ts';
import { projectControlEndpoints } from './projects/control.ts';
import { projectRowEndpoints } from './projects/rows.ts';
import { projectRunEndpoints } from './projects/runs.ts';
import { projectWorkflowEndpoints } from './projects/workflows.ts';

/** Endpoints about projects. */
export const projectEndpoints = [
  ...projectRowEndpoints,
  ...projectWorkflowEndpoints,
  ...componentEndpoints,
  ...projectRunEndpoints,
  ...projectControlEndpoints,
];
