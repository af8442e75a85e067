/** A whole development host for tests: real Temporal, real cells, real FHIR, real database, in a folder of its own. */
import { type DevelopmentHost, startDevelopment } from '../../host/development.ts';
import { type Environment, readEnvironment } from '../../host/env.ts';
import type { RunView } from '../../host/runs/view.ts';
import { temporaryFolder, writeFiles } from './project.ts';

/** A host over one project. `close` ends everything and removes its folder. */
export interface TestHost {
  readonly host: DevelopmentHost;
  readonly projectDir: string;
  readonly dataDir: string;
  /** Adds or replaces files of the project. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Starts a run over the API; the answer as it came. */
  start(workflow: string, input?: Record<string, unknown>): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Runs a workflow to its end. Rejects when it was not started. */
  run(workflow: string, input?: Record<string, unknown>): Promise<RunView>;
  /** Waits for the end of a run that was started. */
  follow(workflow: string, runId: string): Promise<RunView>;
  close(): Promise<void>;
}

/** Starts a host over a project made of `files`. `settings` stand above the environment of the test. */
export async function testHost(
  files: Readonly<Record<string, string>>,
  settings: Partial<Environment> = {},
): Promise<TestHost> {
  const project = await temporaryFolder('project');
  const data = await temporaryFolder('data');
  await writeFiles(project.path, files);
  const host = await startDevelopment({
    environment: { ...readEnvironment(), ...settings },
    projectDir: project.path,
    dataDir: data.path,
    port: 0,
    progress: () => undefined,
  });
  const start: TestHost['start'] = async (workflow, input = {}) => {
    const response = await fetch(`${host.url}/workflows/${workflow}/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const follow: TestHost['follow'] = async (workflow, runId) => {
    for (;;) {
      const response = await fetch(`${host.url}/workflows/${workflow}/runs/${runId}`);
      const view = (await response.json()) as RunView;
      if (!response.ok) throw new Error(JSON.stringify(view));
      if (view.status !== 'in-progress') return view;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return {
    host,
    projectDir: project.path,
    dataDir: data.path,
    write: (more) => writeFiles(project.path, more),
    start,
    follow,
    run: async (workflow, input) => {
      const { status, body } = await start(workflow, input);
      if (status !== 202) throw new Error(`${status} ${JSON.stringify(body)}`);
      return follow(workflow, String(body.runId));
    },
    close: async () => {
      await host.close();
      await project.remove();
      await data.remove();
    },
  };
}

/** Activity of a run by its id. @throws Error when the run has none of that id. */
export function activityOf(view: RunView, id: string): NonNullable<RunView['activities']>[number] {
  const found = view.activities?.find((activity) => activity.id === id);
  if (!found) throw new Error(`no activity ${id} in ${JSON.stringify(view)}`);
  return found;
}
