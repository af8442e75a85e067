import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { dnsLookup } from '../../../host/broker/http/dns.ts';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

/** `getaddrinfo` holds a thread of Node's few while a name server is silent (nodejs/node#8436). */
export const attack: Attack = {
  claim: 'names that are never answered hold no thread, and another tenant is served meanwhile',
  act: async (world) => {
    await using server = await serve((_, response) => response.end());
    const silent = createSocket('udp4');
    let asked = 0;
    silent.on('message', () => {
      asked += 1;
    });
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const lookup = dnsLookup({ servers: [`127.0.0.1:${silent.address().port}`] });
    const many =
      'export async function main() { return codes(Array.from({ length: 10 }, (_, n) => read("http://n" + n + ".stuck.test"))); }';
    const meanwhile = async (call: (url: string) => Promise<number | string>) => {
      while (asked < 20) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.is(await call(server.origin), 200);
    };
    const net = { allow: ['http://*.stuck.test', server.origin], lookup, meanwhile };
    assert.equal(await outputOf(play(world, many, null, net)), ['UNAVAILABLE']);
    silent.close();
  },
};
