import { refusedFile } from './parts/project.ts';

const SCHEDULE = (spec: string): string => `type: schedule\nworkflow: plain\nspec: ${spec}`;

export const attack = refusedFile(
  'a trigger that could not be registered, or would start something else, is a problem of the project',
  'triggers/t/definition.yaml',
  [
    ['type: schedule\nworkflow: ../plain\nspec: { intervals: [{ every: 1s }] }', /TRIGGER_WORKFLOW/],
    ['type: schedule\nworkflow: __proto__\nspec: { intervals: [{ every: 1s }] }', /TRIGGER_WORKFLOW/],
    ['type: constructor\nworkflow: plain', /TRIGGER_FIELD/],
    [SCHEDULE('{ intervals: [{ every: 0.0000001ns }] }'), /TRIGGER_SPEC/],
    [SCHEDULE('{ cronExpressions: ["* * * *;"] }'), /TRIGGER_SPEC|definition\.yaml/],
    [SCHEDULE(`{ cronExpressions: ["${'* '.repeat(50_000)}"] }`), /TRIGGER_SPEC .*100000? ?fields|TRIGGER_SPEC/],
    [SCHEDULE('{ __proto__: 1 }'), /the key "__proto__"/],
    [SCHEDULE('{ constructor: 1 }'), /TRIGGER_SPEC/],
    [SCHEDULE('{ startAt: never, intervals: [{ every: 1h }] }'), /TRIGGER_SPEC/],
    ['workflow: plain\nsubscriptionTopic: { resourceType: Patient }', /TRIGGER_TOPIC/],
  ],
);
