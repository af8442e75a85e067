/** The hand on one side: starts workflows for a case and gathers what is seen of them. */
import type { Client, WorkflowStartOptions } from '@temporalio/client';
import type { Case, Line, Seen } from './case.ts';
import type { Naming, SideName } from './naming.ts';
import { type Answer, Run } from './run.ts';

/** Options of a start besides those that every run has. */
export type StartOptions = Partial<Omit<WorkflowStartOptions, 'taskQueue' | 'workflowId'>> & { readonly id?: string };

/** What a pilot needs of its side. */
export interface PilotOptions {
  readonly side: SideName;
  readonly client: Client;
  readonly naming: Naming;
  readonly queue: string;
  /** Lines that the workflow of this id has logged so far. */
  readonly linesOf: (workflowId: string) => readonly Line[];
}

/** Drives one case on one side. */
export class Pilot {
  readonly side: SideName;
  readonly #options: PilotOptions;
  readonly #prefix: string;
  readonly #answers: Answer[] = [];
  readonly #runs: Run[] = [];

  constructor(of: Case, options: PilotOptions) {
    this.side = options.side;
    this.#options = options;
    this.#prefix = `${of.of} ${of.name}`.replaceAll(/\W+/g, '-');
  }

  /** Id that a workflow `name` of this case has on this side. */
  id(name: string): string {
    return this.#options.naming.id(`${this.#prefix}-${name}`);
  }

  /** Starts a workflow of that type. */
  start(type: string, ...args: readonly unknown[]): Promise<Run> {
    return this.startWith(type, { args: [...args] });
  }

  async startWith(type: string, { id = String(this.#runs.length + 1), ...options }: StartOptions): Promise<Run> {
    const { client, naming, queue } = this.#options;
    const handle = await client.workflow.start(type, {
      args: [],
      ...options,
      taskQueue: queue,
      workflowId: this.id(id),
    });
    const run = new Run({ client, naming, handle, answers: this.#answers });
    this.#runs.push(run);
    return run;
  }

  /** Starts one and waits for its end. */
  async execute(type: string, ...args: readonly unknown[]): Promise<Run> {
    const run = await this.start(type, ...args);
    await run.outcome();
    return run;
  }

  /** All that was seen; call it when the case is over. */
  async seen(): Promise<Seen> {
    const runs = [];
    for (const run of this.#runs) runs.push(...(await run.told()));
    const lines = this.#runs.flatMap(({ id }) => this.#options.naming.neutral(this.#options.linesOf(id)));
    return { answers: this.#answers, runs, lines };
  }
}
