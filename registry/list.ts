import { hasErrors, type Problem, sortProblems } from './problem.ts';
import type { Project } from './project.ts';

/** One workflow as `GET /workflows` shows it. A broken one is listed too, with what could be read of it. */
export interface WorkflowListing {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly input: Readonly<Record<string, string>> | null;
  readonly execution: 'sequential' | 'parallel';
  readonly file: string;
  readonly activityCount: number;
  readonly valid: boolean;
  readonly problems: readonly Problem[];
}

/** All workflows of a snapshot by id. Problems are those of the file; scripts are not built for a list. */
export function listWorkflows(project: Project): readonly WorkflowListing[] {
  return [...project.workflows.values()].map(
    ({ id, name, description, input, execution, file, activities, report }) => {
      const problems = sortProblems(report.problems);
      const valid = !hasErrors(problems);
      return { id, name, description, input, execution, file, activityCount: activities.length, valid, problems };
    },
  );
}
