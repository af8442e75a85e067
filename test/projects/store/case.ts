import { randomUUID } from 'node:crypto';
import {
  type NewProject,
  type ProjectRow,
  type ProjectStore,
  QueueError,
  StoreError,
} from '../../../registry/index.ts';
import type { TestStore } from '../stores.ts';

/** Declares one case on each database. */
export type Each = (claim: string, body: (on: TestStore) => Promise<void>) => void;

/** The code that work is refused with. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof StoreError || error instanceof QueueError ? error.code : String(error)),
  );
}

/** A new project of a new owner. */
export function created(store: ProjectStore, more: Partial<NewProject> = {}): Promise<ProjectRow> {
  return store.createProject({ name: 'Of a test', tenant: 'org-1', userId: randomUUID(), ...more });
}

type NewWorker = Parameters<ProjectStore['insertWorker']>[0];

/** A row of a worker that starts. */
export function beating(projectId: string, more: Partial<NewWorker> = {}): NewWorker {
  return {
    workerId: `host-1-${randomUUID()}`,
    projectId,
    taskQueueName: 'queue',
    status: 'starting' as const,
    host: 'host',
    processId: '17',
    startedAt: new Date().toISOString(),
    lastHeartbeat: null,
    metadata: {},
    slot: 0,
    leaseFence: 3,
    ...more,
  };
}
