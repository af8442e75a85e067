/** A DNS server under the test's control. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet';

/** What a name is answered with. */
export interface Zone {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  /** Stands before the addresses, as a resolver that follows it answers. */
  readonly cname?: string;
  /** No answer at all. */
  readonly silent?: boolean;
}

/** See `openDns`. */
export interface Dns extends AsyncDisposable {
  /** `address:port`, as `dnsLookup` takes it. */
  readonly server: string;
  /** Name → what it is answered with: always the same, or the first for the first question of a kind, the last one for ever. */
  readonly zones: Map<string, Zone | readonly Zone[]>;
  /** Questions so far, `A name`. */
  readonly asked: string[];
}

const NXDOMAIN = 3;

/** Opens it on a free port of 127.0.0.1. A name that is not in `zones` does not exist. */
export async function openDns(): Promise<Dns> {
  const zones: Dns['zones'] = new Map();
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (packet, from) => {
    const { id, questions } = decode(packet);
    const [question] = questions ?? [];
    if (question === undefined) return;
    const name = question.name.toLowerCase();
    const nth = asked.filter((each) => each === `${question.type} ${name}`).length;
    asked.push(`${question.type} ${name}`);
    const zone = [zones.get(name) ?? []].flat();
    const found = zone[Math.min(nth, zone.length - 1)];
    if (found?.silent) return;
    const code = found === undefined ? NXDOMAIN : 0;
    const answers = found === undefined ? [] : answersOf(question.name, question.type, found);
    const flags = RECURSION_DESIRED | code;
    socket.send(
      encode({ type: 'response', id: id ?? 0, flags, questions: [question], answers }),
      from.port,
      from.address,
    );
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    server: `127.0.0.1:${socket.address().port}`,
    zones,
    asked,
    [Symbol.asyncDispose]: async () => void socket.close(),
  };
}

function answersOf(name: string, kind: string, { a = [], aaaa = [], cname }: Zone): Answer[] {
  const alias: Answer[] = cname === undefined ? [] : [{ type: 'CNAME', name, ttl: 0, data: cname }];
  const type = kind === 'AAAA' ? 'AAAA' : 'A';
  const addresses = type === 'A' ? a : aaaa;
  return [...alias, ...addresses.map((data): Answer => ({ type, name: cname ?? name, ttl: 0, data }))];
}
