/** What is done with each of Temporal's public samples. */
import type { Case, Group } from './case.ts';
import { cancellation } from './scripts/cancellation.ts';
import { messagePassing } from './scripts/messages.ts';
import { patching } from './scripts/patching.ts';
import { saga } from './scripts/saga.ts';
import { simple } from './scripts/simple.ts';

/** Workflow files of the samples, so grouped that no type is there twice. */
export const GROUPS: readonly Group[] = [
  {
    name: 'first',
    workflows: [
      'hello-world/src/workflows',
      'timer-progress/src/workflows',
      'signals-queries/src/workflows',
      'state/src/workflows',
      'child-workflows/src/workflows',
      'continue-as-new/src/workflows',
      'expense/src/workflows',
      'saga/src/workflows',
      'activities-cancellation-heartbeating/src/workflows',
      'activities-cancellation-heartbeating/src/cancellation-scopes',
      'polling/infrequent/src/workflows',
      'message-passing/execute-update/src/workflows',
      'patching-api/src/workflows-v1',
    ],
  },
  { name: 'second', workflows: ['message-passing/introduction/src/workflows', 'patching-api/src/workflows-v2'] },
  { name: 'third', workflows: ['patching-api/src/workflows'] },
  { name: 'fourth', workflows: ['patching-api/src/workflows-vFinal'] },
];

/** Every case, by sample. */
export const CASES: readonly Case[] = [...simple, ...saga, ...patching, ...cancellation, ...messagePassing];
