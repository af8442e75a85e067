import { lines } from './parts/bombs.ts';
import { refusedWorkflow, workflow } from './parts/project.ts';

const numbers = (count: number): string => Array.from({ length: count }, (_, n) => `a${n}`).join();
const PLAIN = 'script: ./activities/a.ts';

export const attack = refusedWorkflow(
  'a hundred thousand activities, values, keys, bytes or attempts are refused with the limit',
  [
    workflow(
      'w',
      'a0',
      lines(100_000, () => '- {id: a}'),
    ),
    /more than 262144 bytes/,
  ],
  [
    workflow(
      'w',
      numbers(2_001),
      lines(2_001, (n) => `- { id: a${n}, ${PLAIN} }`),
    ),
    /at most 2000 activities/,
  ],
  [
    workflow(
      'w',
      'a0',
      lines(9_000, (n) => `- {id: a${n}}`),
    ),
    /more than 80000 tokens/,
  ],
  [`a: [${'1,'.repeat(100_000)}]`, /more than 80000 tokens/],
  [`a: [${'1,'.repeat(25_000)}]`, /more than 20000 values/],
  [lines(30_000, (n) => `${n.toString(36)}: 1`), /more than 80000 tokens/],
  [`name: ${'x'.repeat(300_000)}`, /more than 262144 bytes/],
  [workflow('w', 'a', `- { id: a, ${PLAIN}, retries: 4294967296 }`), /RETRIES_VALUE/],
  [workflow('w', 'a', `- { id: a, ${PLAIN}, retries: 1.5 }`), /RETRIES_VALUE/],
  [workflow('w', 'a', `- { id: a, ${PLAIN}, timeout: 99999999999h }`), /DURATION_FORMAT/],
  [workflow('w', 'a', `- { id: a, ${PLAIN}, backoff: { coefficient: 0.1 } }`), /FIELD_TYPE/],
  [workflow('w', 'a', `- { id: a, ${PLAIN}, limits: { heapMb: -1 } }`), /FIELD_TYPE/],
  [`${'k'.repeat(200_000)}: 1`, /YAML_SYNTAX/],
  [`id: ${'w'.repeat(200)}`, /ID_FORMAT|ID_MISMATCH/],
);
