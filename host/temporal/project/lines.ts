/** What workflow code logs, told apart from what the SDK says of its runs. */
import { type InjectedSinks, Runtime } from '@temporalio/worker';
import type { Sinks, WorkflowInfo } from '@temporalio/workflow';
import type { LogLine } from '../../../sandbox/index.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
type Attributes = Readonly<Record<string, unknown>>;

/** The sink that the SDK's `log` of workflows goes to, by the one name under which it may be replaced. */
export interface LogSinks extends Sinks {
  defaultWorkerLogger: Record<(typeof LEVELS)[number], (message: string, attributes?: Attributes) => void>;
}

/** Takes lines of guests for `write`; the rest goes where the SDK's own lines go. No line comes again in a replay. */
export function guestLines(
  write: (line: LogLine, of: Pick<WorkflowInfo, 'runId' | 'workflowType'>) => void,
): InjectedSinks<LogSinks> {
  const sink = (level: (typeof LEVELS)[number]) => ({
    fn: (info: WorkflowInfo, message: string, attributes: Attributes = {}): void => {
      if (!Object.hasOwn(attributes, 'guest')) {
        Runtime.instance().logger[level](message, { ...attributes });
        return;
      }
      const time = new Date().toISOString();
      write({ level: level === 'trace' ? 'debug' : level, message, data: ownOf(info, attributes), time }, info);
    },
  });
  const [trace, debug, info, warn, error] = [sink('trace'), sink('debug'), sink('info'), sink('warn'), sink('error')];
  return { defaultWorkerLogger: { trace, debug, info, warn, error } };
}

/** What the guest said beside its words: without what the interpreter and the SDK add. Undefined for nothing. */
function ownOf({ namespace, taskQueue, workflowId, runId, workflowType }: WorkflowInfo, attributes: Attributes) {
  const added: Attributes = { namespace, taskQueue, workflowId, runId, workflowType, sdkComponent: 'workflow' };
  const own = Object.entries(attributes).filter(([name, value]) => name !== 'guest' && added[name] !== value);
  return own.length > 0 ? Object.fromEntries(own) : undefined;
}
