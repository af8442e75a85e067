/** Server-sent events as a browser reads them. */
import { TextDecoderStream } from 'node:stream/web';

/** One event. */
export interface Received {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Reads events until the other side ends. @throws Error when the answer is no stream of events. */
export async function* events(url: string, headers: Record<string, string> = {}): AsyncGenerator<Received> {
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip', ...headers },
  });
  if (!response.ok || !response.body) throw new Error(`${response.status} ${await response.text()}`);
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    yield* blocks.filter((block) => !block.startsWith(':')).map(readEvent);
  }
}

function readEvent(block: string): Received {
  const fields = new Map(
    block.split('\n').map((line) => {
      const at = line.indexOf(': ');
      return [line.slice(0, at), line.slice(at + 2)] as const;
    }),
  );
  return { id: fields.get('id') ?? null, event: fields.get('event') ?? 'message', data: fields.get('data') ?? '' };
}
