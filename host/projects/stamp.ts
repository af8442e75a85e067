/** What a project's code and settings are, as one word: a start that failed because of them is tried again when it differs. */
import { createHash } from 'node:crypto';
import type { ProjectRow, ProjectStore } from '../../registry/index.ts';

/** Rejects with `STORE_UNAVAILABLE`. */
export async function stampOf(store: ProjectStore, project: ProjectRow): Promise<string> {
  const workflows = await store.listActiveWorkflows(project.id);
  const code = workflows.map(({ id, name, compiledTypescript }) => [id, name, compiledTypescript]);
  const text = JSON.stringify([project.taskQueueName, code]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
