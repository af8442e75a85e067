/** Bytes and messages through the reader of frames, without a process. */
import { FrameError, FrameReader, MAX_FRAME } from '../../../sandbox/frames.ts';
import { parseFromCell } from '../../../sandbox/message.ts';

/** A stream gives the same messages however it is cut; a fault takes those of its own piece with it. */
export function readBytes(chunks: readonly string[]): string[] {
  const bytes = chunks.map((chunk) => Buffer.from(chunk, 'base64'));
  const cut = readAll(bytes);
  const whole = splitFrames(Buffer.concat(bytes));
  const isFault = cut.at(-1) === FAULT && whole.at(-1) === FAULT;
  const expected = isFault ? [...whole.slice(0, cut.length - 1), FAULT] : whole;
  return JSON.stringify(cut) === JSON.stringify(expected) ? [] : ['bytes that come in pieces give other messages'];
}

function readAll(chunks: readonly Buffer[]): unknown[] {
  const reader = new FrameReader();
  const messages: unknown[] = [];
  try {
    for (const chunk of chunks) {
      for (const message of reader.push(chunk)) {
        parseFromCell(message);
        messages.push(message);
      }
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    messages.push(FAULT);
  }
  return messages;
}

const FAULT = 'a fault';

/** What a reader should make of bytes, in few words. */
function splitFrames(bytes: Buffer): unknown[] {
  const messages: unknown[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    if (size > MAX_FRAME) return [...messages, FAULT];
    if (at + 4 + size > bytes.length) break;
    try {
      messages.push(JSON.parse(bytes.toString('utf8', at + 4, at + 4 + size)));
    } catch {
      return [...messages, FAULT];
    }
    at += 4 + size;
  }
  return messages;
}

/** What is taken for a message has no field that its type does not have. */
export function parseMessages(texts: readonly string[]): string[] {
  return texts.flatMap((text) => {
    const message = parseFromCell(JSON.parse(text));
    if (message === null) return [];
    return Object.getPrototypeOf(message) === Object.prototype ? [] : [`${text} comes with a prototype of its own`];
  });
}
