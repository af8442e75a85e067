/** Too many runs of one cell key wait already. Nothing of this one has happened: it can be tried again later. */
export class SandboxFull extends Error {
  override readonly name = 'SandboxFull';
  readonly maxQueued: number;

  constructor(cell: string, maxQueued: number) {
    super(`found ${maxQueued} runs of "${cell}" waiting for a place, expected fewer`);
    this.maxQueued = maxQueued;
  }
}
