/** What makes a machine unsafe to run tenants' code in production. */
import { readFile } from 'node:fs/promises';
import { url as inspectorUrl } from 'node:inspector';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';

/** Up to 7.0.0 a script can confuse the types of the host's heap (GHSA-864f-rcv7-6rh4). */
const ENGINE = { name: 'isolated-vm', least: [7, 0, 1] } as const;

/** What the check looks at; by default this process and its packages. */
export interface Surroundings {
  readonly inspectorUrl: string | undefined;
  readonly engineVersion: string;
  /** User id; null where the system has none. */
  readonly uid: number | null;
  /** Memory that the system allows this process, bytes; 0 when nothing bounds it. */
  readonly constrainedMemory: number;
  readonly totalMemory: number;
}

/** What was found: `refused` stops the start, `warned` is told to the operator. Sentences. */
export interface Findings {
  readonly refused: readonly string[];
  readonly warned: readonly string[];
}

/** Looks at this process. */
export async function surroundings(): Promise<Surroundings> {
  const file = createRequire(import.meta.url).resolve(`${ENGINE.name}/package.json`);
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
  return {
    inspectorUrl: inspectorUrl(),
    engineVersion: version,
    uid: process.getuid?.() ?? null,
    constrainedMemory: process.constrainedMemory(),
    totalMemory: totalmem(),
  };
}

/** Judges the surroundings of a production host. */
export function judgeSafety(found: Surroundings): Findings {
  const { inspectorUrl: debug, engineVersion, uid, constrainedMemory, totalMemory } = found;
  const isBounded = constrainedMemory > 0 && constrainedMemory < totalMemory;
  return {
    refused: [
      ...(debug === undefined
        ? []
        : ['the inspector listens; expected none: whoever reaches it holds every credential of the host']),
      ...(isOlder(engineVersion, ENGINE.least)
        ? [`${ENGINE.name} is ${engineVersion}; expected ${ENGINE.least.join('.')} or later, which mends an escape`]
        : []),
    ],
    warned: [
      ...(uid === 0
        ? ['the host runs as root; expected a user of its own, so that a cell that escapes is nobody']
        : []),
      ...(isBounded ? [] : ['nothing bounds the memory of the host; expected a limit of the container or service']),
    ],
  };
}

function isOlder(version: string, least: readonly number[]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [i, wanted] of least.entries()) {
    const part = parts[i] ?? 0;
    if (part !== wanted) return !(part > wanted);
  }
  return version.includes('-');
}
