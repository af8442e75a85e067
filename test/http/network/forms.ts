/** Ways of writing an address or of hiding a host, each of which has passed somebody's filter. */
import { domainToASCII } from 'node:url';

/** Ways of writing an IPv4 address as the host of a URL; some are no host at all. */
export function formsOf(address: string): readonly string[] {
  const bytes = address.split('.').map(Number);
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const number = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const hex = number.toString(16).padStart(8, '0');
  const halves = `${hex.slice(0, 4)}:${hex.slice(4)}`;
  const flipped = (~number >>> 0).toString(16).padStart(8, '0');
  const inner = `${hex.slice(0, 2)}:${hex.slice(2, 6)}:${hex.slice(6)}00`;
  const octal = bytes.map((byte) => `0${byte.toString(8)}`).join('.');
  const wide = [...address].map((char) => (char === '.' ? '．' : String.fromCodePoint(0xff10 + Number(char)))).join('');
  return [
    address,
    `${address}.`,
    `${number}`,
    `0x${hex}`,
    `0X${hex.toUpperCase()}`,
    `0x00000000${hex}`,
    `0${number.toString(8)}`,
    octal,
    `00000${octal}`,
    bytes.map((byte) => `0x${byte.toString(16)}`).join('.'),
    `0x${a.toString(16)}.${b}.0${c.toString(8)}.${d}`,
    `${a}.${b}.${(c << 8) | d}`,
    `${a}.${(b << 16) | (c << 8) | d}`,
    `${a + 256}.${b}.${c}.${d}`,
    `${number + 2 ** 32}`,
    `-${number}`,
    wide,
    address.replaceAll('.', '。'),
    address.replaceAll('.', '%2e'),
    address.replaceAll('.', '%E3%80%82'),
    address.replaceAll('.', '\u00ad.'),
    address.replaceAll('.', '.\u200b'),
    `${address}%00.ok.test`,
    `${address}%09`,
    `${hex}.nip.test`,
    `[::ffff:${address}]`,
    `[::ffff:${halves}]`,
    `[::FFFF:${halves.toUpperCase()}]`,
    `[0:0:0:0:0:ffff:${halves}]`,
    `[0000:0000:0000:0000:0000:ffff:${halves}]`,
    `[::${address}]`,
    `[::ffff:0:${address}]`,
    `[64:ff9b::${address}]`,
    `[64:ff9b::${halves}]`,
    `[64:ff9b:1::${address}]`,
    `[64:ff9b:1:${hex.slice(0, 4)}:${inner.slice(3)}::]`,
    `[2002:${halves}::]`,
    `[2002:${halves}:1::1]`,
    `[2001:0:808:808:0:0:${flipped.slice(0, 4)}:${flipped.slice(4)}]`,
    `[2606:4700::5efe:${halves}]`,
    `[fe80::5efe:${halves}]`,
    `[fe80::${address}%25lo]`,
    `[::ffff:${halves}%25lo]`,
  ];
}

/** Ways of writing an IPv6 loopback. */
export const LOOPBACK_6 = [
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[0000:0000:0000:0000:0000:0000:0000:0001]',
  '[::0.0.0.1]',
  '[::]',
  '[::%31]',
  '[::1%25lo]',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'a.localhost',
  'ⓛocalhost',
  'loc\u00adalhost',
  'lоcalhost',
  domainToASCII('lоcalhost'),
];

/** URLs and redirect targets that look like `good` (host:port) to some readers and like `bad` to others. */
export function disguises(good: string, bad: string): readonly string[] {
  const name = good.replace(/:\d+$/, '');
  return [
    `http://${good}@${bad}/`,
    `http://${good}:x@${bad}/`,
    `http://${name}%40${bad}/`,
    `http://${name}%00@${bad}/`,
    `http://${name}\\@${bad}/`,
    `http://${name};@${bad}/`,
    `http://${name}&@${bad}/`,
    `http://${bad}#@${good}/`,
    `http://${bad}#${good}`,
    `http://${bad}?@${good}/`,
    `http://${bad}?.${good}`,
    `http://${bad}/.${good}`,
    `http://${bad}\\@${good}/`,
    `http://${bad}\\.${good}/`,
    `http://${bad};${good}/`,
    `http://${bad}%23@${good}/`,
    `http://${bad}%2f@${good}/`,
    `http://${bad}%5c@${good}/`,
    `http://${bad}\t@${good}/`,
    `http://${bad}\n@${good}/`,
    `http://${bad}/ http://${good}/`,
    ` http://${bad}/`,
    `http:${bad}`,
    `http:/${bad}/`,
    `http:///${bad}/`,
    `http:\\\\${bad}/`,
    `http://\\${bad}/`,
    `http://@${bad}/`,
    `http://:@${bad}/`,
    `hTtP://${bad}/`,
    `//${bad}/`,
    `/\\${bad}/`,
    `\\\\${bad}/`,
    `/\t/${bad}/`,
    `///${bad}/`,
    `/%2f${bad}/`,
    `/..//${bad}/`,
    `.//${bad}`,
    `http://${name}.${bad}/`,
    `https://${bad}/`,
    `ws://${bad}/`,
    `ftp://${bad}/`,
    `gopher://${bad}/_x`,
    `unix:${bad}`,
    `http://unix:/var/run/docker.sock:/x`,
    `http+unix://%2Fvar%2Frun%2Fdocker.sock/`,
    `file://${bad}/etc/passwd`,
    `blob:http://${bad}/x`,
    `view-source:http://${bad}/`,
    `jar:http://${bad}!/`,
    `data:text/html,http://${bad}/`,
  ];
}
