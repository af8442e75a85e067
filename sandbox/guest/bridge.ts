import { isText, toJson } from './json.ts';
import { apply, create, cut, hasOwn, PlainPromise, parse } from './primordials.ts';
import { callError } from './thrown.ts';

/** The one way out of the isolate: four primitives, no answer. Never handed to the script. */
export type Post = (kind: string, id: number, a: string, b: string) => void;

/** What the bridge keeps to before anything crosses; the host checks all of it again. */
export interface BridgeLimits {
  readonly calls: number;
  readonly inFlight: number;
  readonly argBytes: number;
  readonly logLines: number;
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  next: Call | null;
}

/** Sends calls and log lines, and takes answers. */
export interface Bridge {
  /** Sets what the run may use. Before, nothing crosses. */
  open(limits: BridgeLimits): void;
  /** One capability call. Rejects with an `Error` that carries `code`. At most `inFlight` are open, further ones wait here. */
  call(method: string, args: unknown): Promise<unknown>;
  log(level: string, message: string, data: unknown): void;
  /** Whether a call has no answer yet. */
  isCalling(): boolean;
  /** Calls without an answer, those that wait to be sent among them. */
  openCalls(): number;
  /** Called when the last open call is about to get its answer. */
  onQuiet: () => void;
  /** Takes the answer `{"ok": …}` or `{"err": {code, message}}` of one call. */
  answer(id: number, text: string): void;
}

const LINE_CHARS = 8192;

/** A longer line is not even cut: to take a part of a text V8 writes out all of it. */
const MOST_CHARS = 16 * 2 ** 20;

const METHOD_CHARS = 64;
const LEVEL_CHARS = 8;

const CLOSED: BridgeLimits = { calls: 0, inFlight: 0, argBytes: 0, logLines: -1 };

/** Makes the bridge of one run over `post`; it is closed until `open`. */
export function createBridge(post: Post): Bridge {
  const underWay: Record<number, Call> = create(null);
  let limits = CLOSED;
  let first: Call | null = null;
  let last: Call | null = null;
  let made = 0;
  let flying = 0;
  let lines = 0;

  const send = (call: Call): void => {
    // First what can fail: near the end of the script's stack the call would count as open for ever.
    post('call', call.id, call.method, call.args);
    flying++;
    underWay[call.id] = call;
  };

  const enqueue = (call: Call): void => {
    if (last === null) first = call;
    else last.next = call;
    last = call;
  };

  const sendNext = (): void => {
    const call = first;
    if (call === null || flying >= limits.inFlight) return;
    first = call.next;
    if (first === null) last = null;
    send(call);
  };

  const submit = (method: string, args: unknown, resolve: Call['resolve'], reject: Call['reject']): void => {
    if (made >= limits.calls) return void reject(callError('TOO_MANY_CALLS', `a run may make ${limits.calls} calls`));
    const json = toJson(args, limits.argBytes);
    if (!isText(json))
      return void reject(callError(json.fault === 'NOT_JSON' ? 'BAD_ARGUMENT' : json.fault, `${method}: ${json.why}`));
    const call: Call = { id: made++, method, args: json.text, resolve, reject, next: null };
    if (flying < limits.inFlight) send(call);
    else enqueue(call);
  };

  const bridge: Bridge = {
    open(granted) {
      limits = granted;
    },

    call: (method, args) =>
      new PlainPromise((resolve, reject) => {
        submit(short(`${method}`, METHOD_CHARS), args, resolve, reject);
      }),

    log(level, message, data) {
      if (lines > limits.logLines) return;
      if (lines++ === limits.logLines)
        return post('log', 0, 'warn', '["LOG_LIMIT: further lines of this run are dropped"]');
      const json = data === undefined ? null : toJson(data, LINE_CHARS);
      const tail = json === null ? '' : `,${isText(json) ? json.text : `"(data left out: ${json.fault})"`}`;
      const line = message.length > MOST_CHARS ? `(a line of ${message.length} characters)` : cut(message, LINE_CHARS);
      const head = toJson(line, LINE_CHARS * 2);
      post('log', 0, short(`${level}`, LEVEL_CHARS), `[${isText(head) ? head.text : '""'}${tail}]`);
    },

    isCalling: () => flying > 0,

    openCalls() {
      let open = flying;
      for (let call = first; call !== null; call = call.next) open++;
      return open;
    },

    onQuiet: () => undefined,

    answer(id, text) {
      const call = underWay[id];
      if (call === undefined) return;
      delete underWay[id];
      flying--;
      sendNext();
      if (flying === 0) bridge.onQuiet();
      const answer = parse(text) as { ok?: unknown; err?: { code: string; message: string } };
      if (hasOwn(answer, 'ok') || !answer.err) apply(call.resolve, undefined, [answer.ok]);
      else apply(call.reject, undefined, [callError(answer.err.code, answer.err.message)]);
    },
  };
  return bridge;
}

/** The text, or nothing when it is longer than any that means something. */
function short(text: string, length: number): string {
  return text.length > length ? '' : text;
}
