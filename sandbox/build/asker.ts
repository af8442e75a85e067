import type { FromBuild, Question, Reply } from './message.ts';

/** Questions to the supervisor, each asked once. */
export class Asker {
  readonly #send: (message: FromBuild) => void;
  readonly #open = new Map<number, (reply: Reply) => void>();
  readonly #asked = new Map<string, Promise<Reply>>();
  #next = 0;

  constructor(send: (message: FromBuild) => void) {
    this.#send = send;
  }

  ask(question: Question): Promise<Reply> {
    const key = JSON.stringify(question);
    const known = this.#asked.get(key);
    if (known) return known;
    const id = this.#next++;
    const reply = new Promise<Reply>((resolve) => this.#open.set(id, resolve));
    this.#asked.set(key, reply);
    this.#send({ t: 'ask', id, question });
    return reply;
  }

  take(id: number, reply: Reply): void {
    this.#open.get(id)?.(reply);
    this.#open.delete(id);
  }
}
