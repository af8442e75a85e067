/** A cell that lies: a real child process that says what a plan tells it to, where a cell would say what happened. */

/** One thing that it does. */
export interface Step {
  /** What it waits for: its own start, or a message of the host. */
  readonly on: 'guest' | 'run' | 'answer' | 'cancel' | 'forget';
  readonly afterMs?: number;
  /** Again and again after so long, for ten seconds. */
  readonly everyMs?: number;
  /** Default 1. */
  readonly times?: number;
  /** A message; the text `$id` in it stands for the number of the last run, `$big` for as many characters as `size` says. */
  readonly send?: unknown;
  readonly size?: number;
  /** What `$big` is made of, as it stands in JSON; default `x`. The text `$list` stands for a list of as many empty lists. */
  readonly fill?: string;
  /** Bytes as they are, base64. */
  readonly bytes?: string;
  readonly last?: 'exit' | 'deaf' | 'busy';
}

/** Its program: CommonJS. It finds its plan, a list of steps as JSON, where a cell finds its prelude. */
export const LIAR = `
  let plan = [], held = Buffer.alloc(0), id = 0;
  const frame = (text) => {
    const body = Buffer.from(text);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    return Buffer.concat([head, body]);
  };
  const act = (step) => {
    const bytes = 'bytes' in step
      ? Buffer.from(step.bytes, 'base64')
      : 'send' in step
        ? frame(JSON.stringify(step.send).replaceAll('"$id"', id).replaceAll('$big', (step.fill || 'x').repeat(step.size || 0)).replaceAll('"$list"', '[' + '[],'.repeat(step.size || 0) + '1]'))
        : null;
    if (bytes) for (let i = 0; i < (step.times || 1); i++) process.stdout.write(bytes);
    if (step.last === 'exit') process.exit(1);
    if (step.last === 'deaf') process.stdin.pause();
    if (step.last === 'busy') for (const end = Date.now() + 2000; Date.now() < end; );
  };
  const perform = (on) => {
    for (const step of plan) {
      if (step.on !== on) continue;
      if (step.everyMs) setTimeout(clearInterval, 10000, setInterval(act, step.everyMs, step));
      else if (step.afterMs) setTimeout(act, step.afterMs, step);
      else act(step);
    }
  };
  process.stdin.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= held.readUInt32BE(0) + 4) {
      const end = held.readUInt32BE(0) + 4;
      const message = JSON.parse(held.subarray(4, end).toString());
      held = held.subarray(end);
      if (message.t === 'guest') plan = JSON.parse(message.prelude);
      if (message.t === 'run') id = message.id;
      perform(message.t);
    }
  });
  process.stdin.on('end', () => process.exit(0));
  process.stdout.on('error', () => process.exit(0));
`;
