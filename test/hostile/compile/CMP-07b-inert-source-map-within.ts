import * as assert from 'uvu/assert';
import type { BuildOutcome } from '../../../sandbox/index.ts';
import { mapStack } from '../../../sandbox/stack.ts';
import type { Attack } from '../harness/attack.ts';
import { buildEach } from './parts/build.ts';

const SOURCES = [
  '/etc/passwd',
  'project:activities/x.ts',
  'x\n    at main (host/env.ts:1:1)',
  '\u001b[2J',
  'y'.repeat(5e5),
];

/** A source map inside a file says where its lines come from; stacks are made of it. */
export const attack: Attack = {
  claim: 'a file that brings a source map of its own cannot put names or lines into stacks',
  act: async (world) => {
    const outcomes = await buildEach(world, SOURCES.map(throwing));
    for (const outcome of outcomes) assert.match(stackOf(outcome), /^at main \(\(source map\):2:\d+\)$/);
  },
};

function throwing(source: string): string {
  const map = { version: 3, sources: [source], names: [], mappings: 'AAAA;AACA;AACA' };
  const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  return `export async function main() {\n  throw new Error('no');\n}\n//# sourceMappingURL=${url}`;
}

function stackOf(outcome: BuildOutcome): string {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
  const line = outcome.bundle.code.split('\n').findIndex((each) => each.includes('throw new Error')) + 1;
  return mapStack(`Error: no\n    at main (bundle:${line}:11)`, outcome.bundle) ?? '';
}
