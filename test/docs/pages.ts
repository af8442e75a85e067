/** Pages of docs/ that are generated from tables in the code. Write them with `node test/docs/pages.ts`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_ERRORS, FAILURES, PROJECT_ERRORS, type ProjectRule } from '../../host/codes.ts';
import { COMPLAINTS } from '../../host/projects/diagnose/complaints.ts';
import { casesOf, GROUPS } from '../hostile/harness/cases.ts';

const DOCS = join(import.meta.dirname, '../../docs');

/** `docs/errors.md`. */
export function errorsPage(): string {
  const failures = Object.entries(FAILURES).map(
    ([code, { when, advice, retryable }]) => `| \`${code}\` | ${when} | ${retryable ? 'yes' : 'no'} | ${advice} |`,
  );
  const projects = Object.entries<ProjectRule>(PROJECT_ERRORS).map(
    ([code, { status, when, advice }]) => `| \`${code}\` | ${status ?? ''} | ${when} | ${advice} |`,
  );
  const api = Object.entries(API_ERRORS).map(([code, { status, when }]) => `| ${status} | \`${code}\` | ${when} |`);
  return `# Errors

This page is generated from \`host/codes.ts\`; \`npm test\` is red when the two differ.

## Failures of an activity or a run

They stand in \`error.code\` of a run and of its activities, and are the failure type in Temporal's history. *Retried* says
whether \`retries\` of the activity applies.

| code | when | retried | what to do |
|---|---|---|---|
${failures.join('\n')}

## Errors of the API

Every error is \`{ error, code, where?, found?, expected?, problems?, requestId }\`. \`requestId\` finds the request in the
host's log. No stack of the host ever reaches a client.

| status | code | when |
|---|---|---|
${api.join('\n')}

## Projects and their workers

Codes of a project's code, of its worker and of \`diagnose\`; what an activity's script does has the codes of the first
table. *Status* is that of a call to the API which ends so.

| code | status | when | what to do |
|---|---|---|---|
${projects.join('\n')}

## What a capability call rejects with inside a script

An \`Error\` with a \`code\` and a message that is safe to show:

| code | when |
|---|---|
| \`BAD_ARGUMENT\` | the argument is not of the documented form |
| \`TOO_DEEP\`, \`TOO_LARGE\` | the argument, or the answer, is over a limit |
| \`TOO_MANY_CALLS\` | the run used up its calls, or has too many open at once |
| \`UNKNOWN_METHOD\` | there is no such method |
| \`DENIED\` | not declared, not granted or not allowed; uncaught, the activity fails with \`CAPABILITY_REFUSED\` |
| \`NOT_FOUND\` | no such thing for this tenant; another tenant's answers alike |
| \`CONFLICT\` | the other side refused because of its present state |
| \`INVALID\` | the other side refused the data |
| \`UNAVAILABLE\` | the other side does not answer; uncaught, the activity fails with \`FHIR_UNAVAILABLE\`, \`DB_UNAVAILABLE\` or \`HTTP_UNAVAILABLE\` |
| \`FAILED\` | anything else; the host's log has the cause |
| \`LOG_LIMIT\` | the run logged more lines than it may |
`;
}

/** `docs/attacks.md`. */
export async function attacksPage(): Promise<string> {
  const groups = await Promise.all(GROUPS.map(async (name) => ({ name, cases: await casesOf(name) })));
  const sections = groups.map(({ name, cases }) => {
    const rows = cases.map(
      ({ id, effect, attack }) => `| ${id} | ${effect} | ${attack.claim.replaceAll('|', '\\|')} |`,
    );
    return [`## ${name}: ${cases.length}`, '', '| id | effect | what holds |', '|---|---|---|', ...rows].join('\n');
  });
  const total = groups.reduce((sum, { cases }) => sum + cases.length, 0);
  return `# Attacks

The catalogue: ${total} attacks, each a file of [\`test/hostile/\`](../test/hostile/README.md). \`npm run test:hostile\` runs them and says what came
of each. This page is generated from them (\`node test/docs/pages.ts\`); [threats.md](threats.md) says which promise rests on
what.

Effects: *kill*, a limit ends the run; *deny*, the call is refused and audited; *inert*, nothing happens; *refused*, the build or
the check says no; *ok*, it must keep working.

${sections.join('\n\n')}
`;
}

/** `docs/troubleshooting.md`. */
export function troubleshootingPage(): string {
  const rules: Readonly<Record<string, { readonly when: string; readonly advice: string }>> = {
    ...FAILURES,
    ...PROJECT_ERRORS,
  };
  const rows = COMPLAINTS.flatMap(([complaint, codes]) =>
    codes.map((code, at) => {
      const { when = '', advice = '' } = rules[code] ?? {};
      return `| ${at === 0 ? complaint : ''} | \`${code}\` | ${when} | ${advice} |`;
    }),
  );
  return `# Troubleshooting projects and their workers

This page is generated from the tables in \`host/projects/diagnose/\` and \`host/codes.ts\`; \`npm test\` is red when they differ.

Ask the host first:

\`\`\`sh
curl -H "Authorization: Bearer $CLOISTER_API_TOKEN" http://localhost:3011/workers/PROJECT_ID/diagnose
\`\`\`

It makes every check of this table, in this order, whatever does not answer, and tells of each \`{ code, ok, where, found, expected,
hint }\`. The same codes stand in answers of \`/workers/start\` and \`/workers/reload\`, in \`metadata\` of \`workflow_workers\`, in failures of
runs, and in the log. What else is wrong with a project's code is told beside them: all codes are in [errors.md](errors.md).

The host's own callers are told of addresses, of holders of leases, and of queues that belong to no project; callers bound to a
tenant are not. Failures of runs and activities are those of the last day. The database is asked by one read of each table and one
write: of a lease that ends as it begins.

| complaint | code | cause | what to do |
|---|---|---|---|
${rows.join('\n')}

## What to look at besides

| where | what it tells |
|---|---|
| \`GET /workers/PROJECT_ID\` | status, heartbeat, last error and figures of the worker, whichever host has it |
| \`GET /workers?scope=all\` | where each worker runs, and the age of its heartbeat |
| \`POST /workers/reload\` | what is wrong with the code as it is now; no worker is stopped |
| the log | one JSON line for each \`event\`: \`worker_started\`, \`worker_crashed\` with its stack, \`heartbeat_failed\`, \`lease_lost\`, \`workflow_quarantined\` |
| \`metadata\` of \`workflow_workers\` | \`error\`, \`stack\`, \`code\`, \`restart.nextAt\`, \`load_errors\` ([database.md](database.md)) |
| Temporal's pages | \`http://localhost:8080\` with \`compose.yaml\`; Temporal's own dev server has them on 8233 |
| \`GET /metrics\` | \`cloister_worker_*\`, \`cloister_task_queue_backlog\` and others ([operate.md](operate.md#watch-project-workers)) |
`;
}

/** Page name → its text. */
export const GENERATED: ReadonlyMap<string, () => string | Promise<string>> = new Map([
  ['errors.md', async () => errorsPage()],
  ['attacks.md', attacksPage],
  ['troubleshooting.md', async () => troubleshootingPage()],
]);

/** Writes every generated page. */
export async function main(): Promise<void> {
  for (const [name, render] of GENERATED) await writeFile(join(DOCS, name), await render());
}

if (import.meta.main) await main();
