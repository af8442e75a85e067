/** Those who follow runs as they go, as server-sent events. Several followers of one run share its poll. */
import { createHash } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../error.ts';
import type { RunIds, RunView } from './view.ts';

/** Where followers look. */
export interface Watched {
  /** A text that differs when the run has changed. */
  readonly pulse: (ids: RunIds) => Promise<string>;
  readonly view: (ids: RunIds) => Promise<RunView>;
}

/** Who follows, and what of the run they know. */
export interface Follower {
  /** One caller, for the bound on followers. */
  readonly who: string;
  /** The run as it is now. */
  readonly view: RunView;
  /** Id of the last event that was received, where one is known. */
  readonly lastEventId: string | null;
}

interface Channel {
  readonly ids: RunIds;
  readonly streams: Set<PassThrough>;
  last: RunView;
}

const POLL_MS = 300;
const HEARTBEAT_MS = 15_000;
const MOST_PER_CALLER = 20;
/** Beyond this a slow reader gets no further views until it has read: each view tells the whole run. */
const MOST_UNREAD = 4 * 1024 * 1024;

/** Follows runs until they close, their followers leave, or the host stops. */
export class Followers {
  readonly #watched: Watched;
  readonly #channels = new Map<string, Channel>();
  readonly #counts = new Map<string, number>();
  readonly #closing = new AbortController();
  #polls: Promise<unknown>[] = [];

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** The events of a run from now on. Null: the follower knows all there will be. Throws `RATE_LIMITED`, `STOPPING`. */
  open({ who, view, lastEventId }: Follower): Readable | null {
    if (this.#closing.signal.aborted) throw new ApiError('STOPPING', 'the host is stopping');
    const isKnown = lastEventId === eventId(view);
    if (isKnown && view.status !== 'in-progress') return null;
    const stream = this.#counted(who);
    if (!isKnown) stream.write(event('run', view));
    if (view.status !== 'in-progress') stream.end(ended(view));
    else this.#join(view, stream);
    return stream;
  }

  /** Ends all streams; their readers may come back to another host. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const { streams } of this.#channels.values()) for (const stream of streams) stream.end();
    await Promise.all(this.#polls);
  }

  #counted(who: string): PassThrough {
    const count = this.#counts.get(who) ?? 0;
    if (count >= MOST_PER_CALLER) {
      const details = { found: `${count} open streams`, expected: `at most ${MOST_PER_CALLER} for one caller` };
      throw new ApiError('RATE_LIMITED', 'too many runs are followed', details);
    }
    this.#counts.set(who, count + 1);
    const stream = new PassThrough();
    const heartbeat = setInterval(() => stream.write(': still here\n\n'), HEARTBEAT_MS);
    stream.once('close', () => {
      clearInterval(heartbeat);
      const left = (this.#counts.get(who) ?? 1) - 1;
      if (left > 0) this.#counts.set(who, left);
      else this.#counts.delete(who);
    });
    stream.on('error', () => undefined);
    return stream;
  }

  #join(view: RunView, stream: PassThrough): void {
    const known = this.#channels.get(view.runId);
    const channel = known ?? {
      ids: { workflowId: view.workflowId, runId: view.runId },
      streams: new Set(),
      last: view,
    };
    channel.streams.add(stream);
    stream.once('close', () => channel.streams.delete(stream));
    if (known) return;
    this.#channels.set(view.runId, channel);
    const poll = this.#poll(channel).finally(() => {
      this.#channels.delete(view.runId);
      for (const each of channel.streams) each.end();
      this.#polls = this.#polls.filter((one) => one !== poll);
    });
    this.#polls.push(poll);
  }

  async #poll(channel: Channel): Promise<void> {
    let pulse = '';
    while (channel.streams.size > 0 && !this.#closing.signal.aborted) {
      try {
        const now = await this.#watched.pulse(channel.ids);
        if (now !== pulse) tell(channel, await this.#watched.view(channel.ids));
        pulse = now;
      } catch (error) {
        // What is down for a while comes back; a run that is gone does not.
        if (!(error instanceof ApiError) || error.status !== 503) return;
      }
      if (channel.last.status !== 'in-progress') return;
      await sleep(POLL_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
  }
}

function tell(channel: Channel, view: RunView): void {
  const hasChanged = eventId(view) !== eventId(channel.last);
  channel.last = view;
  const isOver = view.status !== 'in-progress';
  for (const stream of channel.streams) {
    if (hasChanged && (isOver || stream.writableLength < MOST_UNREAD)) stream.write(event('run', view));
    if (isOver) stream.end(ended(view));
  }
}

function event(name: string, view: RunView): string {
  return `id: ${eventId(view)}\nevent: ${name}\ndata: ${JSON.stringify(view)}\n\n`;
}

function ended({ runId, status }: RunView): string {
  return `event: end\ndata: ${JSON.stringify({ runId, status })}\n\n`;
}

/** Of what the view says, so that any host knows what a follower has seen. */
function eventId(view: RunView): string {
  return createHash('sha256').update(JSON.stringify(view)).digest('hex').slice(0, 16);
}
