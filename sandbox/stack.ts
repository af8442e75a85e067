import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { Bundle } from './contract.ts';
import { STACK_CHARS } from './limits.ts';

const MAX_FRAMES = 20;
/** Frames that are looked up at most: some lie in what the build itself put around the script. */
const MOST_READ = 200;

/** Source maps that are kept as they were read. */
const MAX_KEPT = 8;

const FRAME = /^\s*at (?:async )?(?:(.{1,200}?) \()?bundle:([1-9]\d{0,8}):([1-9]\d{0,8})\)?$/;

/**
 * The lines of a guest's stack that lie in its bundle, mapped to the project's own files:
 * `at main (activities/x.ts:3:9)`. Undefined when none does. The text is a script's own and only ever read as text.
 */
export function mapStack(stack: string, bundle: Bundle): string | undefined {
  const frames = stack
    .slice(0, STACK_CHARS)
    // Half a character would break the worker that passes it on.
    .toWellFormed()
    .split('\n')
    .flatMap((line) => {
      const frame = FRAME.exec(line);
      return frame ? [frame] : [];
    });
  if (frames.length === 0) return undefined;
  try {
    const map = readMap(bundle);
    const lines = frames.slice(0, MOST_READ).flatMap((frame) => mapFrame(map, frame) ?? []);
    return lines.length > 0 ? lines.slice(0, MAX_FRAMES).join('\n') : undefined;
  } catch {
    // A script makes up what it likes; its error must come out all the same.
    return undefined;
  }
}

const read = new Map<string, TraceMap>();

/** To read a large map takes the host half a second: a script that fails again and again has its own read once. */
function readMap({ digest, map }: Bundle): TraceMap {
  const known = read.get(digest) ?? new TraceMap(map);
  read.delete(digest);
  read.set(digest, known);
  const [oldest] = read.keys();
  if (read.size > MAX_KEPT && oldest !== undefined) read.delete(oldest);
  return known;
}

function mapFrame(map: TraceMap, [, name, line, column]: RegExpExecArray): string | null {
  const at = originalPositionFor(map, { line: Number(line), column: Number(column) - 1 });
  if (at.source === null) return null;
  const place = `${at.source}:${at.line}:${at.column + 1}`;
  return name ? `at ${name} (${place})` : `at ${place}`;
}
