import type { Attack } from '../harness/attack.ts';

/** The isolate of evaluated text is out of sight of the watch until it is over: the time limit of its one entry ends it. */
export const attack: Attack = {
  claim: 'evaluated text that loops is ended by the time limit of its entry, and the run goes on',
  script:
    "import { evaluate } from 'cloister'; export async function main() { return evaluate('for (;;);', {}, { timeoutMs: 60 }).catch((error) => error.code); }",
  returns: 'INVALID',
};
