import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a thrown object that spins when it becomes text is ended inside the isolate, and its cell lives',
  limits: { cpuMs: 200 },
  script:
    'export async function main() { throw { message: { toString() { for (;;); }, [Symbol.toPrimitive]() { for (;;); } } }; }',
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
