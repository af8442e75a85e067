// CVE-2025-64718: a merge key set the prototype.
import { refusedWorkflow } from './parts/project.ts';

export const attack = refusedWorkflow(
  'merge keys, and keys that name the prototype, are problems however they are written',
  ['<<: { __proto__: { polluted: 1 } }', /the key "<<"/],
  ['<<: [{ a: 1 }]', /the key "<<"/],
  ['"<<": { a: 1 }', /the key "<<"/],
  ['a: &a { __proto__: { polluted: 1 } }\n<<: *a', /the key "(__proto__|<<)"/],
  ['__proto__: { polluted: 1 }', /the key "__proto__"/],
  ["'__proto__': [1]", /the key "__proto__"/],
  ['"\\x5f_proto__": 1', /the key "__proto__"/],
  ['? __proto__\n: 1', /the key "__proto__"/],
  ['!!str __proto__: 1', /the key "__proto__"/],
  ['input: { __proto__: string }', /the key "__proto__"/],
);
