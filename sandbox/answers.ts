import type { Question, Reply } from './build/message.ts';
import type { BuildRequest, PackageFiles } from './contract.ts';

/** Largest source file that is compiled, bytes. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** Source text of one build in all, bytes. */
export const MAX_INPUT_BYTES = 12 * 1024 * 1024;

/** Answers the questions of one build from its request; sizes are judged before any text goes to the bundler. */
export class Answers {
  readonly #request: BuildRequest;
  readonly #packages = new Map<string, PackageFiles>();
  #given = 0;

  constructor(request: BuildRequest) {
    this.#request = request;
  }

  async answer(question: Question): Promise<Reply> {
    const { files, builtIns, virtual } = this.#request;
    switch (question.of) {
      case 'file':
        return this.#text(files.get(question.path));
      case 'builtIn':
        return this.#text(builtIns.get(question.name));
      case 'virtual':
        return this.#text(virtual.get(question.specifier));
      case 'packageFile':
        return this.#text(this.#packages.get(question.key)?.files.get(question.path));
      case 'package':
        return this.#package(question.name, question.from);
    }
  }

  #text(text: string | undefined): Reply {
    if (text === undefined) return null;
    const bytes = Buffer.byteLength(text);
    this.#given += bytes;
    return bytes > MAX_FILE_BYTES || this.#given > MAX_INPUT_BYTES ? { tooLarge: bytes } : { text };
  }

  async #package(name: string, from: string | null): Promise<Reply> {
    const found = await this.#request.readPackage(name, from);
    if (found === null) return null;
    this.#packages.set(found.key, found);
    return { key: found.key, manifest: found.files.get('package.json') ?? '{}', paths: [...found.files.keys()] };
  }
}
