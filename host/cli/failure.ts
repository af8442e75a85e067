/** What of an error a command tells: a sentence and an exit code. Only a defect of ours keeps its stack. */
import { RegistryError } from '../../registry/index.ts';
import { TemporalMissingError } from '../embedded/temporal.ts';
import { EnvironmentError } from '../env.ts';
import { ApiError } from '../error.ts';
import { FolderInUse } from '../folder.ts';
import { CommandError } from './command.ts';

/** How a command ends that failed. `text` ends without a line break. */
export interface Ending {
  readonly text: string;
  readonly exitCode: 1 | 2;
}

/** 2 for what the caller or the project has to mend, 1 for the rest: settings too, as the page of project workers has it. */
export function endingOf(error: unknown): Ending {
  if (error instanceof CommandError) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof EnvironmentError) {
    return { text: ['cannot start:', ...error.problems.map((problem) => `  ${problem}`)].join('\n'), exitCode: 1 };
  }
  if (error instanceof RegistryError) return { text: `${error.code}: ${error.message}`, exitCode: 2 };
  if (error instanceof ApiError) {
    return { text: `${error.code}: ${error.message}${foundIn(error)}`, exitCode: error.status < 500 ? 2 : 1 };
  }
  if (error instanceof FolderInUse) return { text: folderText(error), exitCode: 2 };
  if (error instanceof TemporalMissingError) return { text: error.message, exitCode: 1 };
  if (isPortTaken(error)) {
    return { text: `port ${error.port} is in use; give another with --port, or 0 for any free one`, exitCode: 2 };
  }
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: 1 };
}

function foundIn({ details: { where, found, expected } }: ApiError): string {
  const parts = [found && `found ${found}`, expected && `expected ${expected}`].filter(Boolean);
  return parts.length === 0 ? '' : ` (${where}: ${parts.join(', ')})`;
}

function folderText({ message, note }: FolderInUse): string {
  if (note === null) return `${message}; try again in a moment`;
  const other = 'or set CLOISTER_DATA_DIR to another folder';
  if (!note.lasting) return `${message}, which runs one workflow; wait for its end, ${other}`;
  return `${message}, which serves ${note.project}; use it with cloister run --api ${note.url}, ${other}`;
}

function isPortTaken(error: unknown): error is Error & { readonly port: number } {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error;
}
