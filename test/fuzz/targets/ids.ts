/** Ids that requests are about: of the project, and what answers named. */
import type { Answer } from './exchange.ts';

const MOST = 50;

/** By the parameter of the path, `id` by what comes before it. */
const FIRST: Readonly<Record<string, readonly string[]>> = {
  workflows: ['w', 'w', 'w', 'broken'],
  schedules: ['nightly'],
  triggers: ['sub'],
  chores: ['retention'],
  scope: ['@acme'],
  name: ['claims'],
  version: ['1.0.0'],
  channel: ['latest'],
  type: ['Encounter'],
  file: ['page.js', 'swagger-ui.css'],
};

/** What stands for an id in the path of a plan, to be filled in when it is tried. */
export function placeOf(path: string, parameter: string): string {
  if (parameter === 'projectId') return '$projects';
  return `$${/^(id|triggerId)$/.test(parameter) ? (path.split('/')[1] ?? '') : parameter}`;
}

/** Those that are known by now. */
export class Ids {
  readonly #pools = new Map(Object.entries(FIRST).map(([name, ids]) => [name, [...ids]]));
  #next = 0;

  /** Keeps what the answer to a request names. */
  learn(url: string, { status, type, text }: Answer): void {
    if (status >= 300 || !type.includes('json') || text.length > 100_000) return;
    const [, kind = ''] = url.split(/[/?]/);
    for (const [, name = '', id = ''] of text.matchAll(
      /"(id|runId|version|workflowId|componentId)":"([^"\\]{1,200})"/g,
    )) {
      this.#add(name === 'id' ? kind : name, id);
    }
  }

  /** A path with an id in each place. */
  filled(url: string): string {
    return url.replace(/\$(\w+)/g, (_, name: string) => {
      const pool = this.#pools.get(name) ?? ['nothing'];
      return encodeURIComponent(pool[this.#next++ % pool.length] ?? 'nothing');
    });
  }

  #add(name: string, id: string): void {
    const pool = this.#pools.get(name) ?? [];
    this.#pools.set(name, pool);
    if (!pool.includes(id)) pool.push(id);
    if (pool.length > MOST) pool.splice(FIRST[name]?.length ?? 0, 1);
  }
}
