import { lines } from './parts/bombs.ts';
import { refusedFile } from './parts/project.ts';

const RULE = (over: string): string =>
  `rules: [{ id: r, name: n, category: c, level: claim, severity: error, message: m, script: ../activities/a.ts, ${over} }]`;

export const attack = refusedFile(
  'a manifest of rules names scripts of its project, and breaks nothing else when it does not',
  'validation-rules/manifest.yaml',
  [
    [RULE('script: /etc/passwd').replace('script: ../activities/a.ts, ', ''), /RULE_SCRIPT/],
    [RULE('script: ../../../x.ts').replace('script: ../activities/a.ts, ', ''), /RULE_SCRIPT/],
    [RULE('script: "../activities/a.ts\\0"').replace('script: ../activities/a.ts, ', ''), /RULE_SCRIPT/],
    [RULE('dashboard: { __proto__: x }'), /the key "__proto__"/],
    [RULE('worklist: [1]'), /RULE_FIELD rule "r" worklist/],
    [`rules:\n${lines(2_001, () => '- {id: a}')}`, /at most 2000/],
    ['rules: { a: 1 }', /FIELD_TYPE rules rules/],
    ['rules: [null, 1, [x]]', /RULE_FIELD/],
  ],
);
