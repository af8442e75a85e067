/** Reads the files of a plugin out of a tar: regular files only, their names judged first, all of it in memory. */
import { type TarHeader, unpackTar } from 'modern-tar';
import { Content, ContentError, PLUGIN_CAPS, type PluginFiles } from '../../registry/index.ts';

/** Entries, folders among them. */
const MOST_ENTRIES = 2 * PLUGIN_CAPS.files;

/** Reads an inflated archive. Throws `ContentError`. */
export async function readArchive(bytes: Uint8Array): Promise<PluginFiles> {
  const content = new Content();
  let entries = 0;
  const filter = (header: TarHeader): boolean => {
    entries += 1;
    if (entries > MOST_ENTRIES) throw new ContentError('archive', `more than ${MOST_ENTRIES} entries`, 'fewer', true);
    return admit(header, content);
  };
  const read = await unpackTar(bytes, { strict: true, filter }).catch((error: unknown) => {
    if (error instanceof ContentError) throw error;
    throw new ContentError('archive', 'bytes that are no whole tar', 'a tar of regular files');
  });
  for (const { header, data } of read) content.put(pathOf(header), textOf(pathOf(header), data));
  return content.close();
}

/** Whether an entry is a file to be read; folders are looked at and left out. Throws for all that is neither. */
function admit(header: TarHeader, content: Content): boolean {
  const { type = 'file', name, size } = header;
  if (type === 'directory') {
    if (name !== './') content.folder(pathOf(header).replace(/\/$/, ''));
    return false;
  }
  if (type !== 'file') throw new ContentError(shown(name), `a ${type}`, 'regular files and folders only');
  content.admit(pathOf(header), size);
  return true;
}

/** tar itself writes `./` in front of every name. */
function pathOf({ name }: TarHeader): string {
  return name.replace(/^\.\//, '');
}

function textOf(path: string, data: Uint8Array = new Uint8Array()): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new ContentError(path, 'bytes', 'a file of text (UTF-8)');
  }
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
