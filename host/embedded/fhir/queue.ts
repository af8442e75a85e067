/** One request at a time: there is one database connection, and a transaction must not see another request's work. */
export class Queue {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `work` after all that was given before it. Resolves or rejects as it does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#tail.then(work);
    this.#tail = mine.catch(() => {});
    return mine;
  }
}
