/** What is done with one project is done one after the other. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Does it when everything that was asked for before of this project has ended, however it ended. */
  take<T>(projectId: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(projectId) ?? Promise.resolve()).then(work);
    const done = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(projectId, done);
    void done.then(() => {
      if (this.#last.get(projectId) === done) this.#last.delete(projectId);
    });
    return turn;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
