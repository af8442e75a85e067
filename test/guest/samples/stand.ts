/** One Temporal server with a worker of each side for every group of workflows, and the driving of cases on both. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { findTemporal, startTemporal } from '../../../host/embedded/temporal.ts';
import { cacheFolder } from '../../../host/env/cache.ts';
import { readEnvironment } from '../../../host/env.ts';
import { temporaryFolder } from '../../stand/project.ts';
import type { Activities, Case, Group, Seen } from './case.ts';
import { type GuestSide, startGuest } from './guest.ts';
import { Lines } from './lines.ts';
import { Naming, type SideName } from './naming.ts';
import { Pilot } from './pilot.ts';
import { plainBundles, type SideOptions, startPlain } from './plain.ts';

/** What is to be compared. */
export interface StandOptions {
  /** Folder with the sources of the workflows. */
  readonly sources: string;
  readonly groups: readonly Group[];
  readonly activities: Activities;
}

/** A case as both sides showed it. */
export interface Pair {
  readonly plain: Seen;
  readonly guest: Seen;
}

/** Both sides, ready to be driven. `close` ends everything. */
export interface Stand {
  readonly client: Client;
  readonly plainBundles: ReadonlyMap<string, { code: string }>;
  readonly guestSide: GuestSide;
  /** Drives a case on both sides at once. */
  drive(of: Case): Promise<Pair>;
  /** Id of the workflow that a case has started under `name`. */
  idOf(of: Case, name: string, side: SideName): string;
  close(): Promise<void>;
}

/** Starts everything. What was started is ended again when something does not start. */
export async function startStand({ sources, groups, activities }: StandOptions): Promise<Stand> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const lines = new Lines();
    Runtime.install({ logger: lines, telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } } });
    const address = await server(closing);
    const connection = await NativeConnection.connect({ address });
    closing.push(() => connection.close());
    const clients = await Connection.connect({ address });
    closing.push(() => clients.close());
    const client = new Client({ connection: clients });
    await addAttributes(clients);
    const bundles = await plainBundles({ sources, groups });
    const side = (name: SideName): SideOptions => ({
      connection,
      sources,
      groups,
      activities,
      queueOf: (group) => `${name}-${group}`,
    });
    const plain = await startPlain(side('plain'), bundles);
    closing.push(() => plain.stop());
    const guest = await startGuest(side('guest'));
    closing.push(() => guest.stop());
    const pilot = (of: Case, name: SideName) =>
      new Pilot(of, {
        side: name,
        client,
        naming: new Naming(
          name,
          groups.map((group) => `${name}-${group.name}`),
        ),
        queue: `${name}-${of.group}`,
        linesOf: (id) => lines.of(id),
      });
    const driven = async (of: Case, name: SideName) => {
      const hand = pilot(of, name);
      await of.drive(hand);
      return hand.seen();
    };
    return {
      client,
      plainBundles: bundles,
      guestSide: guest,
      drive: async (of) => {
        const [first, second] = await Promise.all([driven(of, 'plain'), driven(of, 'guest')]);
        return { plain: first, guest: second };
      },
      idOf: (of, name, on) => pilot(of, on).id(name),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Search attributes that the workflows of the surface set. */
async function addAttributes(connection: Connection): Promise<void> {
  const { INDEXED_VALUE_TYPE_KEYWORD, INDEXED_VALUE_TYPE_INT } = proto.temporal.api.enums.v1.IndexedValueType;
  const searchAttributes = { SurfaceKeyword: INDEXED_VALUE_TYPE_KEYWORD, SurfaceNumber: INDEXED_VALUE_TYPE_INT };
  await connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
}

async function server(closing: (() => Promise<unknown>)[]): Promise<string> {
  const environment = readEnvironment();
  const folder = await temporaryFolder('sides');
  closing.push(() => folder.remove());
  const cacheDir = cacheFolder(environment);
  const binary = await findTemporal({ cliPath: environment.temporalCliPath, cacheDir, log: () => undefined });
  const options = { binary, dbFile: join(folder.path, 'temporal.db'), namespace: 'default', headless: true };
  const temporal = await startTemporal(options);
  closing.push(() => temporal.close());
  return temporal.address;
}
