/**
 * Entry of the FHIR server's process: `main.ts --db FILE --port N` (0: a free port). Prints `{"port":N}` on standard output
 * when it serves. Ends when standard input closes, which the kernel does when the parent is gone, however it went.
 */
import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { loadDefinitions } from './definitions.ts';
import { fhirServer } from './server.ts';
import { Store } from './store.ts';

const STOP_MS = 2000;

const { values } = parseArgs({ options: { db: { type: 'string' }, port: { type: 'string', default: '0' } } });
if (values.db === undefined) throw new Error('--db is missing');
// A Ctrl-C goes to the whole group; the parent ends this process when it needs it no more.
process.on('SIGINT', () => {});
process.stdin.resume();
const orphaned = new Promise((resolve) => {
  process.stdin.once('end', resolve).once('error', resolve).once('close', resolve);
  process.once('SIGTERM', resolve);
});

loadDefinitions();
await ownFile(values.db);
const store = new Store(values.db);
const server = fhirServer(store, Number(values.port));
await server.start();
process.stdout.write(`${JSON.stringify({ port: server.info.port })}\n`);
await orphaned;
await server.stop({ timeout: STOP_MS });
store.close();
process.exit(0);

/** The file holds every tenant's resources: no other user of the machine may read it. */
async function ownFile(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await (await open(file, 'a', 0o600)).close();
  await chmod(file, 0o600);
}
