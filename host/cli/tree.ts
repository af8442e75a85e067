/** Prints the activities of a run as they settle: one line each, indented by the tree. */
import type { ActivityView, RunView } from '../runs/view.ts';

const MARKS: Readonly<Record<ActivityView['status'], string>> = {
  completed: '✔',
  failed: '✘',
  skipped: '–',
  running: '…',
  pending: '·',
};

const SUMMARY_WIDTH = 72;

/** A printer that writes each activity once, when it has settled, and the rest at the end. */
export class TreePrinter {
  readonly #write: (text: string) => void;
  readonly #printed = new Set<string>();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Takes the newest view of one run. */
  show(view: RunView): void {
    const activities = view.activities ?? [];
    const ended = view.status !== 'in-progress';
    const width = Math.max(...activities.map((activity) => activity.id.length + 2 * depth(activity, activities)), 0);
    for (const activity of activities) {
      const settled = activity.status !== 'pending' && activity.status !== 'running';
      if (this.#printed.has(activity.id) || !(settled || ended)) continue;
      this.#printed.add(activity.id);
      this.#write(`${line(activity, depth(activity, activities), width)}\n`);
    }
  }
}

function line(activity: ActivityView, level: number, width: number): string {
  const { status, durationMs, id } = activity;
  const name = `${'  '.repeat(level)}${id}`.padEnd(width);
  const time = durationMs === null ? '' : `${durationMs} ms`;
  return `  ${MARKS[status]} ${name}  ${status.padEnd(9)} ${time.padStart(8)}  ${remark(activity)}`.trimEnd();
}

function remark({ status, reason, error, output, attempts }: ActivityView): string {
  if (status === 'failed')
    return `${error?.code ?? ''}: ${error?.message ?? ''}${attempts > 1 ? ` (${attempts} attempts)` : ''}`;
  if (status === 'skipped') return reason ?? '';
  return status === 'completed' ? summary(output) : '';
}

/** A value in a few words: scalars as they are, lists and maps by what they hold. */
export function summary(value: unknown): string {
  const text =
    isMap(value) && !('resourceType' in value)
      ? Object.entries(value)
          .map(([key, each]) => `${key}: ${brief(each)}`)
          .join(', ')
      : brief(value);
  return text.length > SUMMARY_WIDTH ? `${text.slice(0, SUMMARY_WIDTH - 1)}…` : text;
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (!isMap(value)) return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
  const { resourceType, id, entry } = value;
  if (typeof resourceType !== 'string') return '{…}';
  if (Array.isArray(entry)) return `${resourceType}[${entry.length}]`;
  return typeof id === 'string' ? `${resourceType}/${id}` : resourceType;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function depth(activity: ActivityView, all: readonly ActivityView[]): number {
  const parent = all.find(({ id }) => id === activity.parent);
  return parent ? depth(parent, all) + 1 : 0;
}
