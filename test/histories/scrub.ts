/** Takes out of a recorded history what names the machine it was recorded on. */
import { hostname, tmpdir, userInfo } from 'node:os';

const OWNER = /\d+@[\w.-]+/g;

/** The history with a neutral worker identity and without the host's own stacks. Throws when something still names the machine. */
export function scrub(history: unknown): unknown {
  const clean = walk(history);
  const told = JSON.stringify(clean, (_key, value) =>
    typeof value === 'string' ? `${value} ${decoded(value)}` : value,
  );
  for (const word of [hostname(), process.cwd(), `${tmpdir()}/`, userInfo().homedir]) {
    if (word.length > 2 && told.includes(word)) throw new Error(`the history names ${word}`);
  }
  return clean;
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(OWNER, 'host');
  if (Array.isArray(value)) return value.map(walk);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === 'stackTrace' ? '' : walk(inner)]),
  );
}

/** Payloads are base64. */
function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString('latin1');
}
