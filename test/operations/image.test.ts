// timeout: 90
/** What can be known of the image and the compose file where there is no Docker to make them. */
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { probeDatabase } from '../../host/broker/db.ts';
import { VARIABLES } from '../../host/env/variables.ts';
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
  assert.equal(
    [...text.matchAll(/^USER (.+)$/gm)].map(([, user]) => user),
    ['node'],
  );
  const [, set = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(text) ?? [];
  const names = [...set.matchAll(/(\w+)=/g)].map(([, name = '']) => name);
  assert.ok(names.includes('CLOISTER_DATA_DIR'));
  for (const name of names) {
    assert.not.ok(SECRETS.has(name));
    if (name.startsWith('CLOISTER_')) assert.ok(NAMES.has(name), `${name} is no variable of the host`);
  }
});

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
  for (const name of Object.keys(services.cloister?.environment ?? {})) assert.ok(NAMES.has(name), name);
});

image('no secret stands in the compose file, and the host runs bounded, read-only and without rights', async () => {
  const { services } = await compose();
  for (const [name, { environment = {} }] of Object.entries(services)) {
    for (const [variable, value] of Object.entries(environment)) {
      const isSecret = SECRETS.has(variable) || /PASSWORD|PWD|SECRET/.test(variable);
      if (isSecret) assert.match(value, /^\$\{\w+(:[?-].*)?\}$/, `${name} ${variable}`);
    }
  }
  const { cloister } = services;
  assert.is(cloister?.read_only, true);
  assert.equal(cloister?.cap_drop, ['ALL']);
  assert.equal(cloister?.security_opt, ['no-new-privileges:true']);
  assert.ok(cloister?.mem_limit && cloister?.pids_limit);
  assert.ok(Number.parseInt(String(cloister?.stop_grace_period), 10) > 45, 'longer than the host takes to end');
  assert.equal(
    ((cloister?.ports ?? []) as string[]).filter((port) => !port.startsWith('127.0.0.1:')),
    [],
  );
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
