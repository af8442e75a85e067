/** What the two sides call differently: queues, ids of runs. */

/** The side that a run is on. */
export type SideName = 'plain' | 'guest';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Names of one side, and what they are in a comparison. */
export class Naming {
  readonly #side: SideName;
  readonly #queues: readonly string[];

  constructor(side: SideName, queues: readonly string[]) {
    this.#side = side;
    this.#queues = queues;
  }

  /** Id of the workflow that a case starts under `name`. */
  id(name: string): string {
    return `${name}.${this.#side}`;
  }

  /** The same data with ids and queues that do not tell the sides apart. */
  neutral<T>(value: T): T {
    if (value === undefined) return value;
    let text = JSON.stringify(value).replace(UUID, '<uuid>').replaceAll(`.${this.#side}`, '');
    for (const queue of this.#queues) text = text.replaceAll(`"${queue}"`, '"<queue>"');
    return JSON.parse(text) as T;
  }
}
