import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { Bundle } from './contract.ts';

const MAX_FRAMES = 20;

const FRAME = /^\s*at (?:async )?(?:(.{1,200}?) \()?bundle:(\d{1,9}):(\d{1,9})\)?$/;

/**
 * The lines of a guest's stack that lie in its bundle, mapped to the project's own files:
 * `at main (activities/x.ts:3:9)`. Undefined when none does. The text is a script's own and only ever read as text.
 */
export function mapStack(stack: string, bundle: Bundle): string | undefined {
  const frames = stack.split('\n').flatMap((line) => FRAME.exec(line) ?? []);
  if (frames.length === 0) return undefined;
  const map = new TraceMap(bundle.map);
  const lines: string[] = [];
  for (const line of stack.split('\n')) {
    const frame = FRAME.exec(line);
    const mapped = frame && mapFrame(map, frame);
    if (mapped && lines.length < MAX_FRAMES) lines.push(mapped);
  }
  return lines.length > 0 ? lines.join('\n') : undefined;
}

function mapFrame(map: TraceMap, [, name, line, column]: RegExpExecArray): string | null {
  const at = originalPositionFor(map, { line: Number(line), column: Number(column) - 1 });
  if (at.source === null) return null;
  const place = `${at.source}:${at.line}:${at.column + 1}`;
  return name ? `at ${name} (${place})` : `at ${place}`;
}
