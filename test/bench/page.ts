/** `docs/benchmarks.md`: the table with how to read it. */
import { availableParallelism, loadavg } from 'node:os';
import type { Figure, Missing } from './figures.ts';
import { verdicts } from './table.ts';

/** Text of the page. Names no machine and no path. `before` is the load average at the start of the bench. */
export function page(table: string, lines: readonly (Figure | Missing)[], before: number): string {
  const date = new Date().toISOString().slice(0, 10);
  const { platform, arch, version } = process;
  const [now = 0] = loadavg();
  return `# Benchmarks

Written by \`npm run bench\` on ${date}: Node ${version.slice(1)}, ${availableParallelism()} cores, ${platform} ${arch}. All figures are of one run on one
machine, taken by turns, so that the ratios mean more than the numbers: run it on yours. The load average was ${before.toFixed(1)}
before and ${now.toFixed(1)} after; the bench alone makes about one. Much more says that others used the machine meanwhile, which makes
whatever needs two processes at once look slower than it is.

${table}

## Goals

${verdicts(lines)
  .map((line) => `- ${line}`)
  .join('\n')}

${READING}`;
}

const READING = `## How to read it

- **Rounds.** Everything is measured in rounds, each contender once per round, after warm-up. *median* is the median over the
  rounds of the round's own median; *least – most* are the best and the worst round; *p99* is the same for the round's 99th
  percentile. With fewer than a hundred calls in a round (a thread or a process for each call) that is its slowest call. *n*
  counts calls of all rounds together.
- **One call.** The same function everywhere: parse JSON, price three lines of an order, fib(10), write JSON. A call ends when
  its answer is there; clearing away a thread or a process is not counted.
- **What is new in each call differs**, and so does what a wall is worth. \`node:vm\` and a thread are no walls at all; QuickJS
  is an interpreter, so that real work in it takes many times longer; workerd serves all calls from one isolate, whose state
  lives on; a forked process has all of Node's API. Cloister's call crosses a pipe into the tenant's process, which is under
  the permission model, and gets an isolate in which nothing ever ran.
- **5 ms between calls** is what the activities of a workflow look like to a cell: it makes the next isolate in the pause.
- **The first call after a commit** builds the changed script in a throwaway process and runs it for the first time, in a cell
  that is warm. What a warm call takes is taken off.
- **A cell's memory** is the resident memory of its process as the system shows it, Node itself included, a second after it
  had its last work.
- **Neighbours.** Three tenants call the same function steadily, 15 ms between calls, first alone, then while a fourth tenant
  starts a hundred hostile scripts at once: a fifth each spin, spin after an awaited call, take memory without end, loop in
  native code until their process is killed, and backtrack in a regular expression. The delay of the host's event loop is its
  99th percentile and, in the column of p99, the worst of the round. The goal is 1.25 × the tail of the quiet rounds, or 50 ms more.
- **The rings** are taken out of a copy of the sources, the same way as the tests of the attack catalogue do it.
- **Active tenants.** Each of the tenants calls every half second, at moments of its own, so that a hundred calls a second come
  to as many cells as there are tenants.
- **Runs in a row.** Memory is looked at every 250 runs. What counts is the most of all later looks against the most of the first
  thousand runs: what goes up and down is no growth. A cell is replaced after a thousand runs; the second pair of lines shows one
  that is not.
- **Workflows.** One Temporal server, tuned as Cloister tunes it, and both workers in one process; a run of Cloister, then a
  plain one, and again. Cloister's time is all of a run: loading the plan, the BillingWorkflow resource created and closed in
  the embedded FHIR server, and every script in a fresh isolate. The ratio is taken round by round.
- **The first run after an edit** is a whole run of a workflow with one activity whose script has just been changed in the
  working tree, against the same run without a change: reading the project, checking it, building, and a new isolate.
- **Project workers** run in the bench's own process, in an embedded host over a Temporal server of the bench's own. The code of each
  start is new to the host and to the SDK's bundler alike; a worker counts as started when it polls. A deploy is timed once from the
  moment at which the row was written past the host, and once from the request to the API, which checks and compiles it; the run that
  ends the time is a whole one, and no worker is restarted. The memory of idle workers is what the process holds more when all of
  them run than with the first alone, after garbage was collected.
- **Guests beside the plain SDK** are the same TypeScript file, and the same plain functions as activities, so that the interpreter is
  compared and not the cells. The guests' worker has the settings of a project's worker, the plain one those of the SDK. A guest's
  time has the step in which its code is pinned. Two hundred runs at once keep the Temporal server busier than the workers.
- **The API** is that of a production host whose Temporal, FHIR server and database run on the same machine, and which also
  performs the runs that it accepts: at 50 starts a second these alone are more than two cores can do, so that it
  begins them more slowly while starts are late. The list is as long as could be made in 20 s. An event is timed from its post to the start of the run's first activity,
  a commit from the answer of \`POST /repo/sync\` to the acceptance of a run that has it.
`;
