import { refusedWorkflow, workflow } from './parts/project.ts';

const TEXTS = [
  '$now',
  '$now()',
  '$uuid',
  '$uuid()',
  '$random',
  '$date.now',
  '$time',
  '$today',
  '$run.id',
  '$timestamp()',
];

/** What a plan gives its activities must be the same in every replay: nothing in it can be asked of a clock. */
export const attack = refusedWorkflow(
  'there is no expression for time, chance or identity',
  ...TEXTS.map((text) => {
    const params = `params: { x: ${JSON.stringify(text)} }`;
    return [
      workflow('w', 'a', `- { id: a, script: ./activities/a.ts, ${params} }`),
      /EXPRESSION_SYNTAX activity "a"/,
    ] as const;
  }),
);
