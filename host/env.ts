/**
 * The host's environment, parsed once. The only file that reads `process.env`: whoever needs a variable gets the
 * `Environment`, or the value, passed in.
 */
import { contradictions } from './env/contradictions.ts';
import type { Kind } from './env/kinds.ts';
import { VARIABLES, type Variable } from './env/variables.ts';

/** The parsed variables, frozen. An optional one that is unset is null. */
export type Environment = {
  readonly [Field in keyof typeof VARIABLES]: (typeof VARIABLES)[Field] extends Variable<infer T> ? T : never;
};

/** Where variables come from: `process.env`, or a record in tests. */
export type EnvironmentSource = Readonly<Record<string, string | undefined>>;

const LONGEST_SHOWN = 80;

/** One or more variables cannot be used. `problems` has a sentence for each, naming variable, value and expectation. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Parses every variable of the table (`env/variables.ts`). An empty value counts as unset. Throws `EnvironmentError`
 * with all bad values at once.
 */
export function readEnvironment(source: EnvironmentSource = process.env): Environment {
  const problems: string[] = [];
  const parsed: Record<string, unknown> = {};
  for (const [field, variable] of Object.entries(VARIABLES)) {
    const given = source[variable.name];
    const value = given === undefined || given === '' ? variable.fallback : parse(variable.kind, given);
    if (value === undefined) problems.push(problemOf(variable, given ?? ''));
    parsed[field] = value;
  }
  const environment = Object.freeze(parsed) as Environment;
  problems.push(...contradictions(environment));
  if (problems.length > 0) throw new EnvironmentError(problems);
  return environment;
}

const WEBHOOK_SECRET = 'CLOISTER_WEBHOOK_SECRET_';

/** The secret with which a sender of webhooks proves itself, by the alias that triggers name; undefined when it is unset. */
export function webhookSecret(alias: string): string | undefined {
  return process.env[`${WEBHOOK_SECRET}${alias}`]?.trim();
}

/**
 * A variable that a tenant is granted by name; undefined when it is unset. What the host reads for itself is never granted,
 * whatever a project declares.
 */
export function grantedVariable(name: string): string | undefined {
  if (name.startsWith(WEBHOOK_SECRET)) return undefined;
  return Object.values(VARIABLES).some((variable) => variable.name === name) ? undefined : process.env[name];
}

const NPM_SEES = /^(PATH|HOME|TMPDIR|LANG|(https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|npm_config_.*)$/i;
const CREDENTIAL = /auth|token|password|secret/i;

/**
 * What npm may see of the environment. A project's `.npmrc` can read every variable and send it anywhere, so nothing of the
 * host's is among them, nor a credential for a registry: that belongs into the user's own `.npmrc`.
 */
export function npmEnvironment(source: EnvironmentSource = process.env): Record<string, string> {
  const seen = Object.entries(source).filter(([name]) => NPM_SEES.test(name) && !CREDENTIAL.test(name));
  return Object.fromEntries(seen.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

const GIT_SEES = /^(PATH|HOME|USER|TMPDIR|LANG|SSH_AUTH_SOCK|(https?|no|all)_proxy|SSL_CERT_(FILE|DIR))$/i;

/** What git, and the ssh that it starts, may see of the environment: how to find things, and no secret of the host's. */
export function gitEnvironment(source: EnvironmentSource = process.env): Record<string, string> {
  const seen = Object.entries(source).filter(([name]) => GIT_SEES.test(name));
  return Object.fromEntries(seen.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function parse(kind: Kind<unknown>, given: string): unknown {
  return kind.parse(given.trim());
}

function problemOf({ name, kind, secret }: Variable<unknown>, given: string): string {
  const found = secret ? `a secret of ${given.length} characters` : JSON.stringify(shown(given));
  return `${name} is ${found}; expected ${kind.expected}`;
}

/** An address may carry a password even where none belongs. */
function shown(given: string): string {
  const safe = given.replace(/\/\/[^@/]*@/g, '//***@');
  return safe.length > LONGEST_SHOWN ? `${safe.slice(0, LONGEST_SHOWN)}…` : safe;
}
