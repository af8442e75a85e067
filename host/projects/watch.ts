/** Sees what project workers do: their runs and activities become figures, beside what a host sees of any. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Build } from '../../registry/index.ts';
import type { ProjectMeter } from '../metrics/projects.ts';
import type { WorkerWatch } from '../temporal/worker.ts';
import type { LoadsCode } from './types.ts';

const HOST_STEP = 'cloister:';
const seconds = (since: number): number => (performance.now() - since) / 1000;

/** Adds figures of projects to what a host sees. `builtIns`: names that may stand as a label. */
export function watchProjects(meter: ProjectMeter, watch: WorkerWatch, builtIns: ReadonlySet<string>): WorkerWatch {
  const timed: WorkerWatch['activities'][number] = ({ info: { activityType } }) => ({
    inbound: {
      async execute(input, next) {
        const since = performance.now();
        let code: string | null = null;
        try {
          return await next(input);
        } catch (error) {
          code = error instanceof CancelledFailure ? 'CANCELLED' : typeOf(error);
          throw error;
        } finally {
          const type = builtIns.has(activityType) ? activityType : 'custom';
          if (!activityType.startsWith(HOST_STEP)) meter.activity(type, code, seconds(since));
        }
      },
    },
  });
  const { started, closed } = watch.sinks.run;
  return {
    activities: [...watch.activities, timed],
    sinks: {
      run: {
        started,
        closed: {
          ...closed,
          fn: (info, code, trace) => {
            meter.runClosed(code);
            return closed.fn(info, code, trace);
          },
        },
      },
    },
  };
}

/** Times builds of projects' modules. */
export function timedBuild(meter: ProjectMeter, build: Build): Build {
  return async (input) => {
    const since = performance.now();
    try {
      return await build(input);
    } finally {
      meter.codeLoaded(input.target === 'guest' ? 'workflow' : 'activity', seconds(since));
    }
  };
}

/** Times loads of projects' code. */
export function timedLoads(meter: ProjectMeter, code: LoadsCode): LoadsCode {
  return {
    forget: (projectId) => code.forget(projectId),
    load: async (project) => {
      const since = performance.now();
      try {
        return await code.load(project);
      } finally {
        meter.codeLoaded('load', seconds(since));
      }
    },
  };
}

function typeOf(error: unknown): string {
  return error instanceof ApplicationFailure ? (error.type ?? '') : '';
}
