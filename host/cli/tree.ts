/** Prints the activities of a run as they settle: one line each, indented by the tree. */
import type { ActivityView, RunView } from '../runs/view.ts';
import { plain } from './plain.ts';

const MARKS: Readonly<Record<ActivityView['status'], string>> = {
  completed: '✔',
  failed: '✘',
  skipped: '–',
  running: '…',
  pending: '·',
};

const SUMMARY_WIDTH = 72;
const LEAST_SUMMARY_WIDTH = 20;
/** Goes to the start of the line and empties it. */
const ERASE = '\r\u001b[2K';

/** Where a tree is printed. */
export interface Paper {
  write(text: string): void;
  /** Width of a terminal, which also gets a line about what runs now; absent: no terminal. */
  readonly columns?: number | undefined;
}

/** A printer that writes each activity once, when it has settled, and the rest at the end. */
export class TreePrinter {
  readonly #paper: Paper;
  readonly #printed = new Set<string>();
  #live = false;

  constructor(paper: Paper) {
    this.#paper = paper;
  }

  /** Takes the newest view of one run. */
  show(view: RunView): void {
    const activities = view.activities ?? [];
    const ended = view.status !== 'in-progress';
    const width = Math.max(...activities.map((activity) => activity.id.length + 2 * depth(activity, activities)), 0);
    this.#erase();
    for (const activity of activities) {
      const settled = activity.status !== 'pending' && activity.status !== 'running';
      if (this.#printed.has(activity.id) || !(settled || ended)) continue;
      this.#printed.add(activity.id);
      this.#paper.write(`${line(activity, depth(activity, activities), width, this.#paper.columns)}\n`);
    }
    if (!ended) this.#showLive(activities.filter(({ status }) => status === 'running'));
  }

  #erase(): void {
    if (this.#live) this.#paper.write(ERASE);
    this.#live = false;
  }

  #showLive(running: readonly ActivityView[]): void {
    const { columns } = this.#paper;
    if (columns === undefined || running.length === 0) return;
    const text = `  ${MARKS.running} ${running.map(nowOf).join(', ')}`;
    this.#paper.write(text.slice(0, columns - 1));
    this.#live = true;
  }
}

function nowOf({ id, attempts, error }: ActivityView): string {
  return attempts > 1 ? `${id} (attempt ${attempts}${error ? ` after ${error.code}` : ''})` : id;
}

function line(activity: ActivityView, level: number, width: number, columns: number | undefined): string {
  const { status, durationMs, id } = activity;
  const name = `${'  '.repeat(level)}${MARKS[status]} ${id}`.padEnd(width + 2);
  const time = durationMs === null ? '' : `${durationMs} ms`;
  const head = `  ${name}  ${status.padEnd(9)} ${time.padStart(8)}  `;
  const room = Math.max(LEAST_SUMMARY_WIDTH, Math.min(SUMMARY_WIDTH, (columns ?? Infinity) - head.length - 1));
  return `${head}${remark(activity, room)}`.trimEnd();
}

function remark({ status, reason, error, output, attempts }: ActivityView, room: number): string {
  if (status === 'failed') {
    return plain(`${error?.code ?? ''}: ${error?.message ?? ''}${attempts > 1 ? ` (${attempts} attempts)` : ''}`);
  }
  if (status === 'skipped') return reason ?? '';
  return status === 'completed' ? cut(plain(summary(output)), room) : '';
}

function cut(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}

/** A value in a few words: scalars as they are, lists and maps by what they hold. */
function summary(value: unknown): string {
  if (!isMap(value) || 'resourceType' in value) return brief(value);
  return Object.entries(value)
    .map(([key, each]) => `${key}: ${brief(each)}`)
    .join(', ');
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (!isMap(value)) return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
  const { resourceType, id, entry } = value;
  if (typeof resourceType !== 'string') return '{…}';
  if (resourceType === 'Bundle') return `Bundle[${Array.isArray(entry) ? entry.length : 0}]`;
  return typeof id === 'string' ? `${resourceType}/${id}` : resourceType;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function depth(activity: ActivityView, all: readonly ActivityView[]): number {
  const parent = all.find(({ id }) => id === activity.parent);
  return parent ? depth(parent, all) + 1 : 0;
}

/** Paper over a stream of this process. */
export function paperOf(stream: NodeJS.WriteStream): Paper {
  return { write: (text) => void stream.write(text), columns: stream.isTTY ? stream.columns : undefined };
}
