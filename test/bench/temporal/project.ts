/** A config project whose workflows are the loads. */
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFiles } from '../../stand/project.ts';
import type { Load } from './load.ts';

const SCRIPT = 'activities/bench/fib.ts';

/** Workflow id of a load. */
export function workflowId({ steps, n }: Load): string {
  return `fib-${steps}x${n}`;
}

/** Writes the project into an empty folder. */
export async function writeProject(folder: string, loads: readonly Load[]): Promise<void> {
  const script = await readFile(new URL('load.ts', import.meta.url), 'utf8');
  // JSON is YAML.
  const workflows = loads.map((load) => [`workflows/${workflowId(load)}.yaml`, JSON.stringify(definition(load))]);
  await writeFiles(folder, { [SCRIPT]: script, ...Object.fromEntries(workflows) });
}

/** Changes the script's text, and so its digest, but not what it does. */
export async function editScript(folder: string, edit: number): Promise<void> {
  await appendFile(join(folder, SCRIPT), `\nexport const edit${edit} = ${edit};\n`);
}

function definition(load: Load): object {
  const ids = Array.from({ length: load.steps }, (_, index) => `step-${index}`);
  return {
    id: workflowId(load),
    name: `${load.steps} times fib(${load.n})`,
    rootChildren: ids,
    activities: ids.map((id) => ({ id, script: `./${SCRIPT}`, params: { n: load.n } })),
  };
}
