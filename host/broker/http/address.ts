import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Public as numbers go, yet the metadata and health service of Azure on every machine there. */
const HOST_SERVICES = new Set(['168.63.129.16']);
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR('2000::/3');
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/**
 * True when a connection to the address may be made: it is public unicast and none of `own`, or within one of `ranges` (CIDR).
 * IPv4 inside IPv6 (mapped, NAT64) is judged as the IPv4 it leads to; other forms that carry an address (6to4, Teredo, ISATAP,
 * translated, compatible, local-use NAT64) and all that is unknown are not public. Only the plain ways of writing an address
 * are read, the ones that the socket reads alike. A range that cannot be read opens nothing.
 */
export function mayConnect(text: string | undefined, ranges: readonly string[], own: readonly string[] = []): boolean {
  if (text === undefined || isIP(text) === 0 || !ipaddr.isValid(text)) return false;
  const address = unwrap(ipaddr.parse(text));
  if (ranges.some((range) => within(address, range))) return true;
  return isPublic(address) && !own.some((mine) => ipaddr.isValid(mine) && isSame(address, unwrap(ipaddr.parse(mine))));
}

/** Addresses of this machine. Where one is public, what listens there is behind the firewall for us alone. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address));
}

function unwrap(address: Address): Address {
  if (!(address instanceof ipaddr.IPv6)) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return address.match(NAT64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast' || HOST_SERVICES.has(address.toString())) return false;
  return address instanceof ipaddr.IPv4 || (address.match(GLOBAL_V6) && !isIsatap(address));
}

function isIsatap(address: ipaddr.IPv6): boolean {
  const [, , , , high = 0, low] = address.parts;
  return (high & ~0x0200) === 0 && low === 0x5efe;
}

function isSame(one: Address, other: Address): boolean {
  return one.toNormalizedString() === other.toNormalizedString();
}

function within(address: Address, range: string): boolean {
  if (!ipaddr.isValidCIDR(range)) return false;
  const [network, bits] = ipaddr.parseCIDR(range);
  return network.kind() === address.kind() && address.match(network, bits);
}
