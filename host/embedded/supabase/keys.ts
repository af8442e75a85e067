import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { generateApiKey } from '@supabase/lite';

/** Credentials of one embedded Supabase. */
export interface Keys {
  readonly serviceRoleKey: string;
  readonly anonKey: string;
  readonly jwtSecret: string;
}

/**
 * Reads the keys, or makes them on first use (mode 0600). Two processes that race for the first use end up with the same
 * keys. Throws when the file is there but is no set of keys.
 */
export async function loadKeys(file: string): Promise<Keys> {
  const made: Keys = {
    serviceRoleKey: (await generateApiKey('secret')).key,
    anonKey: (await generateApiKey('publishable')).key,
    jwtSecret: randomBytes(48).toString('base64url'),
  };
  try {
    await writeFile(file, JSON.stringify(made), { flag: 'wx', mode: 0o600 });
    return made;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return parseKeys(await readFile(file, 'utf8'), file);
}

function parseKeys(text: string, file: string): Keys {
  const found: unknown = JSON.parse(text);
  const fields = typeof found === 'object' && found !== null ? (found as Partial<Record<keyof Keys, unknown>>) : {};
  const { serviceRoleKey, anonKey, jwtSecret } = fields;
  if (typeof serviceRoleKey !== 'string' || typeof anonKey !== 'string' || typeof jwtSecret !== 'string') {
    throw new Error(`${file}: found no keys of the embedded Supabase; delete the file to have new ones made`);
  }
  if (jwtSecret.length < 32) throw new Error(`${file}: jwtSecret is shorter than 32 characters`);
  return { serviceRoleKey, anonKey, jwtSecret };
}
