import type { Post } from './bridge.ts';
import { isText, toJson } from './json.ts';
import type { Settings } from './prelude.ts';
import { apply, freeze, parse } from './primordials.ts';
import { callError, fieldsOf } from './thrown.ts';

/** What the module `@temporalio/activity` stands on. A script may reach it, and gains nothing. */
export interface ActivityCore {
  /** What `activityInfo()` answers. */
  readonly info: Readonly<Record<string, unknown>>;
  /** Tells how far the script is. Throws an `Error` with `code` when the details are not the JSON that may cross. */
  readonly heartbeat: (details: unknown) => void;
  /** Calls the listener, of which there is one, with the text of a `Cancellation`: when it comes, or at once when it came. */
  readonly onCancel: (listener: (text: string) => void) => void;
}

/** One attempt of an activity of a project's, as the script's realm knows it. */
export interface Attempt {
  /** Null where the run is none. Called once, before the script exists in the realm. */
  begin(settings: Pick<Settings, 'activity' | 'limits'>): ActivityCore | null;
  /** The cell says that it is cancelled, with the text of a `Cancellation`. */
  cancel(text: string): void;
  /** The last heartbeat has been out for a while: the next one may go. */
  beat(): void;
  /** What the attempt ends with, field by field, as JSON text; the newest heartbeat goes before it. Empty of a run that is none. */
  describe(thrown: unknown): string;
}

/** Makes what an attempt needs over `post`; it is none until `begin`. */
export function createAttempt(post: Post): Attempt {
  let isActivity = false;
  let argBytes = 0;
  /** A heartbeat is out, and the cell has not asked for the next. */
  let isOut = false;
  let newest: string | null = null;
  let cancellation: string | null = null;
  let listener: ((text: string) => void) | null = null;

  const send = (details: string): void => {
    post('beat', 0, details, '');
    isOut = true;
  };

  const core = (info: string): ActivityCore =>
    freeze({
      info: freeze(parse(info) as Record<string, unknown>),

      heartbeat(details: unknown) {
        const json = details === undefined ? { text: '' } : toJson(details, argBytes);
        if (!isText(json)) throw callError('BAD_ARGUMENT', `heartbeat details: ${json.why}`);
        if (isOut) newest = json.text;
        else send(json.text);
      },

      onCancel(next: (text: string) => void) {
        listener = next;
        if (cancellation === null) post('listen', 0, '', '');
        else apply(next, undefined, [cancellation]);
      },
    });

  return {
    begin({ activity, limits }) {
      if (activity === undefined) return null;
      isActivity = true;
      argBytes = limits.argBytes;
      return core(activity);
    },

    cancel(text) {
      if (cancellation !== null) return;
      cancellation = text;
      if (listener !== null) apply(listener, undefined, [text]);
    },

    beat() {
      isOut = false;
      const details = newest;
      newest = null;
      if (details !== null) send(details);
    },

    describe(thrown) {
      if (!isActivity) return '';
      if (newest !== null) send(newest);
      return fieldsOf(thrown);
    },
  };
}
