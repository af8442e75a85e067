/** Stacks of guests: frames of the guest's own files, by the source map of its code. */
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { GUEST_FILE } from './engine.ts';

const FRAME = /^\s*at (?:(.*?) \()?([^()]*?):(\d+):(\d+)\)?$/;
const MAX_FRAMES = 20;

/** Maps stacks of one plan. */
export class Trace {
  readonly #json: string;
  #map: TraceMap | null = null;

  constructor(map: string) {
    this.#json = map;
  }

  /** The stack with the guest's own frames alone, `    at name (file:line:column)`. */
  stack(found: string): string {
    const frames = found.split('\n').flatMap((line) => this.#frame(line));
    return frames.slice(0, MAX_FRAMES).join('\n');
  }

  #frame(line: string): string[] {
    const [, name = '', file, row, column] = FRAME.exec(line) ?? [];
    if (file !== GUEST_FILE || row === undefined || column === undefined) return [];
    this.#map ??= new TraceMap(this.#json);
    const place = originalPositionFor(this.#map, { line: Number(row), column: Math.max(0, Number(column) - 1) });
    if (place.source === null) return [];
    const at = `${place.source}:${place.line}:${place.column + 1}`;
    return [name === '' || name === '<anonymous>' ? `    at ${at}` : `    at ${name} (${at})`];
  }
}
