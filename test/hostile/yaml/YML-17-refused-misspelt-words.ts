// Time that grows with the square of a file: CVE-2026-59869 and GHSA-h67p-54hq-rp68 of js-yaml. Found here: looking for what
// 9,000 unknown ids may mean among 1,500 others held the host's thread for seven seconds.
import { lines } from './parts/bombs.ts';
import { refusedWorkflow, workflow } from './parts/project.ts';

const word = (letters: string, n: number): string => `${letters}${n}`.padEnd(18, letters);

export const attack = refusedWorkflow(
  'thousands of misspelt names are told without comparing each with each',
  [
    workflow(
      'w',
      Array.from({ length: 9_000 }, (_, n) => word('qz', n)).join(),
      lines(1_000, (n) => `- {id: ${word('yx', n)}}`),
    ),
    /CHILD_UNKNOWN/,
  ],
  [
    workflow(
      'w',
      'a',
      lines(1_500, (n) => `- { id: a${n}, script: ${word('x', n)} }`),
    ),
    /ACTIVITY_ORPHAN/,
  ],
  [
    workflow(
      'w',
      'a',
      lines(1_500, (n) => `- { id: a${n}, childWorkflow: plai${n} }`),
    ),
    /ACTIVITY_ORPHAN/,
  ],
  [
    workflow(
      'w',
      'a',
      lines(1_000, (n) => `- { id: a${n}, script: ./activities/a.ts, scriptt: 1, childrenn: [], paramss: 1 }`),
    ),
    /CHILD_UNKNOWN/,
  ],
);
