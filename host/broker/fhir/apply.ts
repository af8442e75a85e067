/** Applies a JSON Patch in this process, which a patch must not be able to fill. */
import type { OpPatch } from 'fhir-kit-client';
import { applyPatch, Pointer } from 'rfc6902';

/** Characters of JSON that the copies of one patch may make: each may double what is there. */
const MAX_COPIED = 2 ** 20;

/** Changes the target in place, operation by operation; what is wrong with one, or null. What came before it has been done. */
export function applyOperations(target: object, operations: readonly OpPatch[]): string | null {
  let copied = 0;
  for (const operation of operations) {
    if (operation.op === 'copy') {
      copied += (JSON.stringify(Pointer.fromJSON(operation.from).get(target)) ?? '').length;
      if (copied > MAX_COPIED) return `copies make more than ${MAX_COPIED} characters`;
    }
    const [problem] = applyPatch(target, [operation]);
    if (problem) return problem.message;
  }
  return null;
}
