import { refusedWorkflow, workflow } from './parts/project.ts';

const EXPRESSIONS = [
  '$price',
  '$env.HOME',
  '$process.env.HOME',
  '$constructor',
  '$this.constructor',
  '$now()',
  '$(id)',
  "$input['constructor']",
  '$input[0]',
  '$input..constructor',
  '$inputs.x',
  '$activities.a.result',
  '$activities.a.output[0]',
  '$workflow.id',
  '$' + '{input.x}',
];

export const attack = refusedWorkflow(
  'a text that begins with $ and is neither of the two forms is a problem of the workflow, in params and in conditions',
  ...EXPRESSIONS.flatMap((text) => {
    const value = JSON.stringify(text);
    const activity = (field: string): string => workflow('w', 'a', `- { id: a, script: ./activities/a.ts, ${field} }`);
    return [
      [activity(`params: { x: ${value} }`), /EXPRESSION_SYNTAX activity "a" params\.x/],
      [activity(`params: { x: [{ y: ${value} }] }`), /EXPRESSION_SYNTAX activity "a" params\.x\[0\]\.y/],
      [activity(`applicability: [${value}]`), /EXPRESSION_SYNTAX activity "a" applicability\[0\]/],
    ] as const;
  }),
  [workflow('w', 'a', '- { id: a, script: ./activities/a.ts, applicability: ["1 == 1"] }'), /APPLICABILITY_LITERAL/],
  [
    workflow('w', 'a', '- { id: a, script: ./activities/a.ts, params: { x: $activities.a.output } }'),
    /REFERENCE_NOT_ANCESTOR/,
  ],
  [
    workflow('w', 'a', '- { id: a, script: ./activities/a.ts, params: { x: $activities.__proto__.output } }'),
    /REFERENCE_UNKNOWN/,
  ],
);
