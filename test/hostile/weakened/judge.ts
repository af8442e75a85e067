/** What a weakened build shows of its cases. */
import * as assert from 'uvu/assert';
import type { Weakening } from './builds.ts';
import { attackWeakened, type Weakened } from './copy.ts';

/** Attacks a copy without these defences, taken out together. */
export function attackWithout(build: readonly Weakening[]): Promise<Weakened> {
  return attackWeakened(
    build.flatMap(({ edits }) => edits),
    build.flatMap(({ red }) => Object.keys(red)),
  );
}

/** Asserts that each case of the defence ended red, with the fault that it must show. */
export function assertRed({ red }: Weakening, { output }: Weakened): void {
  for (const [id, fault] of Object.entries(red)) {
    const told = faultsOf(id, output);
    assert.match(told, fault, `${id} shows: ${told || 'no fault'}\n${output}`);
  }
}

/** Asserts that the build withstood every attack: for builds that must not. */
export function assertWithstood({ code, output }: Weakened): void {
  assert.is(code, 0, output);
}

/** The lines `✗ …` of one case in the table. */
function faultsOf(id: string, output: string): string {
  const [, block = ''] = new RegExp(`^${id} .*\\n((?: +✗.*(?:\\n|$))*)`, 'm').exec(output) ?? [];
  return block;
}
