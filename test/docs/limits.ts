/** The table of limits in docs/writing-a-script.md. Write it with `node test/docs/limits.ts`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CEILINGS, FLOORS } from '../../host/tenants.ts';
import { DEFAULT_LIMITS, type Limits } from '../../sandbox/index.ts';
import { LOG_LINE_CHARS, MAX_DEPTH, MAX_VALUES, MESSAGE_CHARS } from '../../sandbox/limits.ts';

const PAGE = join(import.meta.dirname, '../../docs/writing-a-script.md');
const HEADING = '## Limits\n';

const MEANINGS: Readonly<Record<keyof Limits, string>> = {
  cpuMs: 'CPU time, milliseconds; waiting for a capability does not count (`SCRIPT_CPU`)',
  wallMs: 'wall clock, milliseconds (`SCRIPT_WALL`)',
  heapMb: 'JavaScript heap, MiB (`SCRIPT_MEMORY`)',
  rssMb: 'memory of the whole cell, MiB (`SCRIPT_MEMORY`)',
  calls: 'capability calls of one run of the script (`TOO_MANY_CALLS`)',
  inFlight: 'capability calls that are open at once (`TOO_MANY_CALLS`)',
  argBytes: 'argument of one capability call, bytes of JSON (`TOO_LARGE`)',
  resultBytes: 'what `main` returns, bytes of JSON (`RESULT_TOO_LARGE`)',
  logLines: 'lines that one run may log (`LOG_LIMIT`)',
  concurrentRuns: "a tenant's scripts that run at once in one host; further ones wait",
};

/** The page with its last section as the code says it. */
export function withLimits(page: string): string {
  return `${page.slice(0, page.indexOf(HEADING))}${HEADING}${section()}`;
}

/** The page as it is. */
export function readPage(): Promise<string> {
  return readFile(PAGE, 'utf8');
}

function section(): string {
  const rows = Object.entries(MEANINGS).map(([name, meaning]) => {
    const limit = name as keyof Limits;
    const usual = limit === 'wallMs' ? "the activity's `timeout`: 30 s" : figure(DEFAULT_LIMITS[limit]);
    return `| \`${name}\` | ${usual} | ${figure(CEILINGS[limit])} | ${meaning} |`;
  });
  return `
Set under \`limits\` in \`cloister.yaml\`, in a workflow or in an activity, up to the ceiling; a tenant's own settings may lower or
raise the ceiling. What is asked for beyond it is cut down to it, and a line of the run's log says so; less than \`rssMb\` ${FLOORS.rssMb} and
\`heapMb\` ${FLOORS.heapMb} is raised to that. This section is generated from the code (\`node test/docs/limits.ts\`).

| limit | default | ceiling | meaning |
|---|---|---|---|
${rows.join('\n')}

A run that has to wait for a place says so in its log, with the limit that held it (\`waited 312 ms for a place: concurrentRuns 8 of
the tenant\`), when it took more than 100 ms, and every now and then while a wait is long. Those lines are not counted as \`logLines\`. Besides
\`concurrentRuns\` and the memory of the tenant's cell it may be the host that is full: tenants then take turns. Scripts that burn CPU time
without a pause get what others leave: that makes them slower where the host is busy, and costs them nothing of \`cpuMs\`, which
counts their own time only.

Fixed for all: JSON nests at most ${MAX_DEPTH} deep (\`TOO_DEEP\`) and a result or argument has at most ${figure(MAX_VALUES)} values (\`RESULT_TOO_LARGE\`, \`TOO_LARGE\`); a log line is cut at ${figure(LOG_LINE_CHARS)} characters, an error message at ${figure(MESSAGE_CHARS)}.
`;
}

/** Powers of two as such: 1 MiB is easier to read than 1048576. */
function figure(value: number): string {
  if (value % (1024 * 1024) === 0) return `${value / (1024 * 1024)} MiB`;
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}

if (import.meta.main) await writeFile(PAGE, withLimits(await readPage()));
