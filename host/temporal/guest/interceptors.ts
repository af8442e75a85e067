/** Entry of the interpreter for Temporal: called once for each run of a project. */
import type { WorkflowInterceptors } from '@temporalio/workflow';
import { Interpreter } from './interpreter.ts';

/** Temporal's entry to a module of interceptors. */
export const interceptors = (): WorkflowInterceptors => {
  const interpreter = new Interpreter();
  return {
    inbound: [{ execute: (input) => interpreter.execute(input.headers) }],
    internals: [
      {
        activate: (input, next) => interpreter.activate(input, next),
        concludeActivation: (input, next) => next({ commands: interpreter.conclude(input.commands) }),
        dispose: (input, next) => {
          interpreter.dispose();
          next(input);
        },
      },
    ],
  };
};
