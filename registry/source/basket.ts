import { RegistryError } from '../errors.ts';
import { CAPS, maxBytesOf } from './areas.ts';

/** Collects the files of a project under the caps. */
export class Basket {
  readonly #files = new Map<string, string>();
  #count = 0;
  #bytes = 0;

  /** Call before a file is read. Throws PROJECT_TOO_LARGE. */
  admit(path: string, bytes: number): void {
    this.#count += 1;
    this.#bytes += bytes;
    const max = maxBytesOf(path);
    if (bytes > max) throw tooLarge(`${path}: found ${bytes} bytes, expected at most ${max}`);
    if (this.#count > CAPS.files) throw tooLarge(`project: found more than ${CAPS.files} files, expected fewer`);
    if (this.#bytes > CAPS.totalBytes)
      throw tooLarge(`project: found more than ${CAPS.totalBytes} bytes, expected fewer`);
  }

  add(path: string, text: string): void {
    this.#files.set(path, text);
  }

  /** The files by path, in the order of their paths. */
  close(): ReadonlyMap<string, string> {
    return new Map([...this.#files].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** The refusal of a project that passes a cap. */
export function tooLarge(message: string): RegistryError {
  return new RegistryError('PROJECT_TOO_LARGE', message);
}
