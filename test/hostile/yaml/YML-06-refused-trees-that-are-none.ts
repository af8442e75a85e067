import { refusedWorkflow, workflow } from './parts/project.ts';

const SCRIPT = 'script: ./activities/a.ts';

export const attack = refusedWorkflow(
  'a cycle, a second parent, an orphan, an unknown child or script, and no end are problems that name the activity',
  [workflow('w', 'a', `- { id: a, ${SCRIPT}, children: [a] }`), /TREE_CYCLE activity "a": found the cycle a → a/],
  [
    workflow('w', 'a', `- { id: a, ${SCRIPT}, children: [b] }\n- { id: b, ${SCRIPT}, children: [a] }`),
    /TREE_CYCLE activity "a": found the cycle a → b → a/,
  ],
  [
    workflow(
      'w',
      'c',
      `- { id: a, ${SCRIPT}, children: [b] }\n- { id: b, ${SCRIPT}, children: [a] }\n- { id: c, ${SCRIPT} }`,
    ),
    /TREE_CYCLE activity "a"/,
  ],
  [workflow('w', 'a, a', `- { id: a, ${SCRIPT} }`), /CHILD_TWICE activity "a"/],
  [workflow('w', 'a', `- { id: a, ${SCRIPT} }\n- { id: b, ${SCRIPT} }`), /ACTIVITY_ORPHAN activity "b"/],
  [workflow('w', 'a, x', `- { id: a, ${SCRIPT} }`), /CHILD_UNKNOWN .*found "x"/],
  [workflow('w', 'a', `- { id: a, ${SCRIPT} }\n- { id: a, ${SCRIPT} }`), /ID_DUPLICATE/],
  [workflow('w', 'a', '- { id: a, script: ./activities/none.ts }'), /SCRIPT_MISSING activity "a"/],
  [workflow('w', 'a', '- { id: a, script: ./activities/../../x.ts }'), /SCRIPT_MISSING activity "a"/],
  [workflow('w', 'a', '- { id: a, script: /etc/passwd }'), /SCRIPT_FORM activity "a"/],
  [workflow('w', 'a', '- { id: a, script: "@aidbox-billing/../x" }'), /SCRIPT_FORM activity "a"/],
  [workflow('w', 'a', '- { id: a, childWorkflow: w }'), /CHILD_WORKFLOW_CYCLE activity "a" childWorkflow: found w → w/],
  [workflow('w', 'a', '- { id: a, childWorkflow: ../plain }'), /CHILD_WORKFLOW_UNKNOWN activity "a"/],
  [
    workflow('w', 'a', `- { id: a, ${SCRIPT}, next: a }`.replace(SCRIPT, 'next: b')),
    /FIELD_MISSING activity "a"|YAML_SYNTAX/,
  ],
  [workflow('w', '', `- { id: a, ${SCRIPT} }`), /FIELD_TYPE workflow rootChildren/],
  ['id: w\nname: w\nrootChildren: [a]\nactivities: []', /FIELD_TYPE workflow activities/],
);
