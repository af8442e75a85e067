import { log } from 'cloister';
import { members, refuse, text } from './_argument.ts';

/** What the activity is given. */
export interface Input {
  /** Default `info`. */
  level?: keyof typeof log;
  message: string;
  data?: unknown;
}

/** What it answers. */
export interface Output {
  logged: true;
}

/** Writes a line to the log of the run. */
export async function main(input: Input): Promise<Output> {
  const { level = 'info', message, data } = members('logMessage', input);
  const line = text('logMessage.message', message);
  switch (level) {
    case 'debug':
    case 'info':
    case 'warn':
    case 'error':
      log[level](line, data);
      return { logged: true };
    default:
      return refuse('logMessage.level', level, 'one of debug, info, warn, error');
  }
}
