/** Names of task queues: `{prefix of the owner}-{name of the project}-queue`. */

/** A queue that a project cannot have. `TASK_QUEUE_INVALID`: no such name; `TASK_QUEUE_IN_USE`: another project has it. */
export class QueueError extends Error {
  readonly code: 'TASK_QUEUE_INVALID' | 'TASK_QUEUE_IN_USE';
  readonly where: string;
  readonly found: string;
  readonly expected: string;

  constructor(code: QueueError['code'], problem: { where: string; found: string; expected: string }) {
    super(`${problem.where}: found ${problem.found}, expected ${problem.expected}`);
    this.name = 'QueueError';
    this.code = code;
    this.where = problem.where;
    this.found = problem.found;
    this.expected = problem.expected;
  }
}

/** Queues of the host's own workers. */
const RESERVED: ReadonlySet<string> = new Set(['billing', 'enhanced-ai-queue']);
/** Temporal's own. */
const RESERVED_STARTS = ['temporal-sys', '/_sys/'] as const;
const NAME_LENGTH = 200;
const KEBAB_LENGTH = 60;
/** Characters of the owner's id that come before the name, as many as it takes. */
const PREFIX_LENGTHS = [6, 8, 12, Number.POSITIVE_INFINITY] as const;

/** Why no project may have the queue; null: it may. `project` is said in the message. Other than text is refused too. */
export function queueProblem(name: unknown, project: string): QueueError | null {
  const isFree =
    typeof name === 'string' &&
    name.trim() !== '' &&
    name.length <= NAME_LENGTH &&
    name.isWellFormed() &&
    !name.includes('\0') &&
    !RESERVED.has(name) &&
    !RESERVED_STARTS.some((start) => name.startsWith(start));
  if (isFree) return null;
  return new QueueError('TASK_QUEUE_INVALID', {
    where: `projects.task_queue_name of ${project}`,
    found: typeof name === 'string' ? JSON.stringify(name.slice(0, NAME_LENGTH + 1)) : String(name),
    expected: `a name that is not reserved, of 1 to ${NAME_LENGTH} characters, like abc123-email-automation-queue`,
  });
}

/** Another project has the queue. */
export function queueTaken(name: string, project: string): QueueError {
  return new QueueError('TASK_QUEUE_IN_USE', {
    where: `projects.task_queue_name of ${project}`,
    found: `${JSON.stringify(name)}, which another project has`,
    expected: 'a name of its own',
  });
}

/** The name in lower case, words joined by `-`, at most 60 characters; `project` when nothing is left of it. */
export function kebab(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const words = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
  return words.slice(0, KEBAB_LENGTH).replace(/-$/, '') || 'project';
}

/** Names for the queue of a project, the one to try first first, without end. `owner`: the id that the prefix is made of. */
export function* queueNames(owner: string, name: string): Generator<string, never> {
  const id = owner.toLowerCase().replace(/[^a-z0-9]/g, '') || 'cloister';
  const words = kebab(name);
  const stems = new Set(PREFIX_LENGTHS.map((length) => `${id.slice(0, Math.min(length, 100))}-${words}`));
  for (const stem of stems) yield `${stem}-queue`;
  const last = [...stems].at(-1) ?? words;
  for (let n = 2; ; n++) yield `${last}-${n}-queue`;
}
