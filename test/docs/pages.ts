/** Pages of docs/ that are generated from tables in the code. Write them with `node test/docs/pages.ts`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_ERRORS, FAILURES, PROJECT_ERRORS, type ProjectRule } from '../../host/codes.ts';
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

/** Page name → its text. */
export const GENERATED: ReadonlyMap<string, () => string | Promise<string>> = new Map([
  ['errors.md', async () => errorsPage()],
  ['attacks.md', attacksPage],
]);

/** Writes every generated page. */
export async function main(): Promise<void> {
  for (const [name, render] of GENERATED) await writeFile(join(DOCS, name), await render());
}

if (import.meta.main) await main();
