// Found here: warnings and errors shared one cap, so a thousand unknown fields hid a cycle, and the workflow had a plan. The
// family is that of checks that end before the end: n8n GHSA-v98v-ff95-f3cp was fixed twice.
import { lines } from './parts/bombs.ts';
import { refusedFile, workflow } from './parts/project.ts';

const WARNINGS = lines(1_500, (n) => `x${n}: 1`);
const CYCLE = '- { id: a, script: ./activities/a.ts, children: [a] }';

export const attack = refusedFile(
  'an error is told and stops the workflow, however many warnings stand before it',
  'workflows/w.yaml',
  [
    [`${WARNINGS}\n${workflow('w', 'a', CYCLE)}`, /TREE_CYCLE/],
    [`${workflow('w', 'a', '- { id: a, script: ./activities/none.ts }')}\n${WARNINGS}`, /SCRIPT_MISSING/],
    [`${WARNINGS}\ncapabilities: [root]\n${workflow('w', 'a', CYCLE)}`, /FIELD_TYPE workflow capabilities|TREE_CYCLE/],
  ],
);
