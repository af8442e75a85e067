/** Lets readers in together, and writers alone. */

/** A gate within one process. Nobody may ask for it from within: that would wait for itself. */
export class Gate {
  #readers = new Set<Promise<unknown>>();
  #writer: Promise<unknown> | null = null;

  /** Does `work` while nobody writes. */
  async reading<T>(work: () => Promise<T>): Promise<T> {
    while (this.#writer) await this.#writer;
    const reading = work();
    const ended = reading.then(ignore, ignore);
    this.#readers.add(ended);
    try {
      return await reading;
    } finally {
      this.#readers.delete(ended);
    }
  }

  /** Does `work` after the readers that are in have left; later ones wait for it. */
  async writing<T>(work: () => Promise<T>): Promise<T> {
    while (this.#writer) await this.#writer;
    const writing = Promise.all(this.#readers).then(work);
    this.#writer = writing.then(ignore, ignore);
    try {
      return await writing;
    } finally {
      this.#writer = null;
    }
  }
}

const ignore = (): undefined => undefined;
