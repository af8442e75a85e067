// timeout: 90
/** What can be known of the image and the compose file where there is no Docker to make them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import postgres from 'postgres';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse, parseAllDocuments } from 'yaml';
import { probeDatabase } from '../../host/broker/db.ts';
import { VARIABLES } from '../../host/env/variables.ts';
import { readEnvironment } from '../../host/env.ts';
import { hasBilling, hasProjects } from '../../host/modules.ts';
import { serveRest } from '../db/rest.ts';
import { startPostgres } from '../db/server.ts';

const image = suite('the image and the compose file');
const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');
const NAMES = new Set(Object.values(VARIABLES).map(({ name }): string => name));
const SECRETS = new Set(Object.values(VARIABLES).flatMap(({ name, secret }): string[] => (secret ? [name] : [])));

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  readonly configs?: readonly { readonly source: string }[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly [setting: string]: unknown;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

async function compose(): Promise<Compose> {
  return parse(await read('compose.yaml'), { merge: true }) as Compose;
}

function hostOf(services: Compose['services']): Service {
  const host = services['workflow-worker-service'];
  assert.ok(host, 'there is a host');
  return host ?? {};
}

/** A shell script as the container gets it. */
const unescaped = (text: string): string => text.replaceAll('$$', '$');

image('everything that is copied into the image is there, and is let through to the build', async () => {
  const text = await read('Dockerfile');
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' '));
  assert.ok(copied.includes('host'));
  const allowed = (await read('.dockerignore'))
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  for (const path of copied) {
    await access(join(ROOT, path));
    assert.ok(allowed.includes(path), `${path} is not in .dockerignore`);
  }
});

image('its Node is the one that the packages pin, it is nobody in it, and it holds no secret', async () => {
  const text = await read('Dockerfile');
  const { optionalDependencies } = JSON.parse(await read('package.json')) as {
    optionalDependencies: Record<string, string>;
  };
  const [, version] = /^ARG NODE_VERSION=(.+)$/m.exec(text) ?? [];
  for (const pinned of Object.values(optionalDependencies)) assert.is(version, pinned);
  // By number: Kubernetes refuses a name where it is to be nobody's root.
  assert.equal(
    [...text.matchAll(/^USER (.+)$/gm)].map(([, user]) => user),
    ['1000:1000'],
  );
  const [, set = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(text) ?? [];
  const names = [...set.matchAll(/(\w+)=/g)].map(([, name = '']) => name);
  assert.ok(names.includes('CLOISTER_DATA_DIR'));
  for (const name of names) {
    assert.not.ok(SECRETS.has(name));
    if (name.startsWith('CLOISTER_')) assert.ok(NAMES.has(name), `${name} is no variable of the host`);
  }
});

image('it starts the host directly, says its port, and is healthy as long as the process lives', async () => {
  const text = await read('Dockerfile');
  assert.match(text, /^ENTRYPOINT \["node", "host\/bootstrap\.mjs"\]\nCMD \["start"\]$/m);
  assert.match(text, /^EXPOSE 3011$/m);
  const [, check = ''] = /^HEALTHCHECK .*\\\n +CMD (\[.*\])$/m.exec(text) ?? [];
  const [file, ...args] = JSON.parse(check) as string[];
  assert.is(file, 'node');
  const asked: string[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = (): Promise<number | null> => exitOf(args, { WORKER_SERVICE_PORT: `${port}` });
  assert.is(await ask(), 0);
  status = 500;
  assert.is(await ask(), 1);
  server.close();
  assert.is(await ask(), 1, 'nobody listens');
  assert.equal(asked, ['/health', '/health']);
});

/** The exit code of this Node with arguments of the image, in an environment that has nothing but these variables. */
async function exitOf(args: readonly string[], env: Record<string, string>): Promise<number | null> {
  const [code] = (await once(spawn(process.execPath, args, { env, stdio: 'ignore' }), 'exit')) as [number | null];
  return code;
}

image('the compose file names only what there is', async () => {
  const { services, volumes, configs } = await compose();
  for (const [name, service] of Object.entries(services)) {
    const needed = Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {});
    for (const other of needed as string[]) assert.ok(other in services, `${name} depends on ${other}`);
    for (const { source } of service.configs ?? []) assert.ok(source in configs, `${name} has no ${source}`);
    for (const mount of service.volumes ?? []) {
      const [from = ''] = mount.split(':');
      if (from.startsWith('./')) await access(join(ROOT, from));
      else assert.ok(from in volumes, `${name} mounts ${from}`);
    }
  }
  for (const name of Object.keys(hostOf(services).environment ?? {})) assert.ok(NAMES.has(name), name);
  // Caddy takes a brace that opens a block at the end of its line alone.
  const caddy = configs.caddy?.content ?? '';
  assert.match(caddy, 'reverse_proxy rest:3000');
  for (const line of caddy.split('\n')) assert.match(line, /^[^{}]*\{?$|^ *\}$/);
});

image('its services are the ones of the specification, and every image has a version', async () => {
  const { services } = await compose();
  const { ports, restart, depends_on: needs } = hostOf(services);
  assert.equal(ports, ['127.0.0.1:3011:3011']);
  assert.is(restart, 'unless-stopped');
  assert.equal((needs as Readonly<Record<string, unknown>>).temporal, { condition: 'service_healthy' });
  assert.ok(services.temporal?.healthcheck);
  assert.equal(services['temporal-ui']?.ports, ['127.0.0.1:8080:8080']);
  for (const [name, service] of Object.entries(services)) {
    if (service.build === undefined) assert.match(String(service.image), /^[\w/-]+:v?\d/, name);
  }
});

image('the host in it takes every setting of project workers, and no config project is compulsory', async () => {
  const { services } = await compose();
  const given = hostOf(services).environment ?? {};
  assert.equal(
    WORKER_VARIABLES.filter((name) => !(name in given)),
    [],
  );
  // The least that `docker compose` asks for, and nothing else of the operator's.
  const least = Object.entries(given).map(([name, value]) => [name, filledIn(value)]);
  const environment = readEnvironment(Object.fromEntries(least));
  assert.is(hasProjects(environment), true);
  const hasFolder = await access(environment.workflowDir).then(
    () => true,
    () => false,
  );
  assert.is(await hasBilling(environment), hasFolder, 'only a folder of this machine could make it have one');
  assert.is(environment.workerServiceToken, null);
  assert.is(environment.openWorkers, false);
  const asked = Object.entries(given).flatMap(([name, value]) => (value.includes(':?') ? [name] : []));
  assert.equal(asked.sort(), [
    'CLOISTER_API_TOKEN',
    'CLOISTER_SECRET_KEY',
    'NEXT_PUBLIC_SUPABASE_ANON_KEY',
    'SUPABASE_SERVICE_ROLE_KEY',
  ]);
});

/** What the specification of project workers says that its host reads (section 12), without what only development has. */
const WORKER_VARIABLES = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'WORKER_SERVICE_PORT',
  'NEXT_PUBLIC_SUPABASE_URL',
  'SUPABASE_SERVICE_ROLE_KEY',
  'MAX_CONCURRENT_ACTIVITY_EXECUTIONS',
  'MAX_CONCURRENT_WORKFLOW_EXECUTIONS',
  'WORKER_HEARTBEAT_MS',
  'WORKER_STALE_MS',
  'WORKER_SHUTDOWN_GRACE_MS',
  'WORKER_SHUTDOWN_FORCE_MS',
  'WORKER_AUTO_RESTART',
  'WORKER_LEASE_TTL_MS',
  'WORKER_LEASE_RENEW_MS',
  'LOG_LEVEL',
  'WORKER_MAX_PROJECTS',
  'WORKER_SERVICE_TOKEN',
  'WORKFLOW_CODE_MAX_BYTES',
  'PAYLOAD_MAX_BYTES',
  'GUEST_MEMORY_MB',
  'GUEST_STEPS',
  'ACTIVITY_HEAP_MB',
] as const;

/** A value where of the operator's variables only the compulsory ones are set. */
function filledIn(value: string): string {
  const [, name, sort, word] = /^\$\{(\w+)(?::([?-])(.*))?\}$/.exec(value) ?? [];
  if (name === undefined) return value;
  return sort === '-' ? (word ?? '') : 'x'.repeat(40);
}

image('no secret stands in the compose file, and the host runs bounded, read-only and without rights', async () => {
  const { services } = await compose();
  for (const [name, { environment = {} }] of Object.entries(services)) {
    for (const [variable, value] of Object.entries(environment)) {
      const isSecret = SECRETS.has(variable) || /PASSWORD|PWD|SECRET/.test(variable);
      if (isSecret) assert.match(value, /^\$\{\w+(:[?-].*)?\}$/, `${name} ${variable}`);
    }
  }
  const host = hostOf(services);
  assert.is(host.read_only, true);
  assert.equal(host.cap_drop, ['ALL']);
  assert.equal(host.security_opt, ['no-new-privileges:true']);
  assert.ok(host.mem_limit && host.pids_limit);
  const grace = Number(/^(\d+)s$/.exec(String(host.stop_grace_period))?.[1]);
  assert.ok(grace * 1000 > VARIABLES.shutdownForceMs.fallback + 10_000, 'longer than the host takes to end');
  for (const [name, { ports = [] }] of Object.entries(services)) {
    for (const port of ports) assert.ok(port.startsWith('127.0.0.1:'), `${name} ${port}`);
  }
});

image('the other deployments of the operating page probe, name and wait as the host wants it', async () => {
  const page = await read('docs/operate.md');
  const block = (language: string, word: string): string => {
    const found = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].find(
      ([, kind, text]) => kind === language && text?.includes(word),
    );
    return found?.[2] ?? '';
  };
  const [deployment] = parseAllDocuments(block('yaml', 'kind: Deployment')).map((one) => one.toJS());
  const { terminationGracePeriodSeconds, containers } = deployment.spec.template.spec;
  const [{ startupProbe, livenessProbe, readinessProbe }] = containers;
  const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path);
  assert.equal(paths, ['/health', '/health', '/ready']);
  const task = JSON.parse(block('json', 'containerDefinitions')).containerDefinitions[0];
  assert.match(task.healthCheck.command.at(-1), '/health');
  const unit = block('ini', 'ExecStart');
  await access(join(ROOT, /^ExecStart=\/opt\/cloister\/(.+)$/m.exec(unit)?.[1] ?? 'nothing'));
  const waits = [terminationGracePeriodSeconds, task.stopTimeout, Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])];
  for (const seconds of waits) assert.ok(seconds * 1000 > VARIABLES.shutdownForceMs.fallback + 10_000);
  const run = /--set-env-vars=(\S+)/.exec(block('sh', 'gcloud run'))?.[1]?.split(',') ?? [];
  const times = Object.fromEntries(run.map((pair) => pair.split('=')).filter(([name = '']) => /_MS$/.test(name)));
  assert.ok(readEnvironment(times).shutdownForceMs < 10_000, 'Cloud Run waits for 10 s');
  const names = [
    ...[...task.environment, ...task.secrets].map(({ name }) => name),
    ...(/^Environment=(.+)$/m.exec(unit)?.[1]?.split(' ') ?? []).map((pair) => pair.split('=')[0]),
    ...run.map((pair) => pair.split('=')[0]),
  ];
  assert.ok(names.length > 8);
  for (const name of names) assert.ok(NAMES.has(name) || ['NODE_ENV', 'HOME'].includes(name), name);
});

image('its roles and all migrations make a database that a host takes: it keeps tenants apart', async () => {
  await using server = await database();
  if (server === null) return;
  const admin = postgres({ ...server.reach('postgres'), max: 1, onnotice: () => {} });
  const { configs } = await compose();
  const [, roles = ''] = /<<'SQL'\n([\s\S]*?)\nSQL/.exec(unescaped(configs.roles?.content ?? '')) ?? [];
  await admin.unsafe(roles.replace(":'password'", `'a-password'`));
  const folder = join(ROOT, 'registry/migrations');
  for (const file of (await readdir(folder)).sort()) await admin.unsafe(await readFile(join(folder, file), 'utf8'));
  // What serves here looks for tables among those that its own role may read; PostgREST reads the catalog.
  const memberships = 'anon, authenticated, service_role';
  await admin.unsafe(`alter role authenticator inherit; revoke ${memberships} from authenticator;
    grant ${memberships} to authenticator`);
  await admin.end();
  await using rest = await serveRest(server);
  assert.equal(await probeDatabase(rest.options), []);
});

async function database() {
  const server = await startPostgres();
  if (typeof server !== 'string') return server;
  console.log(`skipped: ${server}`);
  return null;
}

image.run();
