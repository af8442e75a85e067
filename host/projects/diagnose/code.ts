/** Checks of whether the newest code is the one that runs. */
import type { Find } from './checks.ts';
import { problemOf } from './problem.ts';

const pinned: Find = ({ loaded, runs }) => {
  for (const { workflowId, type, codeDigest } of runs?.open ?? []) {
    const current = loaded?.workflows.find(({ types }) => types.includes(type))?.digest;
    if (codeDigest === null || current === undefined || codeDigest === current) continue;
    return {
      where: `run ${workflowId}`,
      found: `code ${codeDigest}`,
      expected: `the current code ${current}, which new runs have`,
    };
  }
  return null;
};

/** In their order. */
export const CODE_CHECKS = [
  ['STALE_COMPILED_CODE', problemOf('STALE_COMPILED_CODE')],
  ['NOT_RECOMPILED', problemOf('NOT_RECOMPILED')],
  ['RUN_PINNED', pinned],
] as const;
