/** Whether a request comes from whoever has the secret of a trigger. */
import { createHmac, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { WebhookRule } from '../../registry/index.ts';
import { isSame } from '../access/same.ts';

/** A request, and what it must prove. */
export interface Claim {
  readonly signature: WebhookRule['signature'];
  readonly header: string | null;
  /** Any of them will do; none: nobody can prove anything. */
  readonly secrets: readonly string[];
  /** Lower-case names, as Node has them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly raw: Buffer;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A request that proved itself. */
export interface Proof {
  /** What is signed beside the body: the id of the delivery, or its time; null: nothing is. */
  readonly signed: string | null;
}

/** How far the time in a signature may be from ours. */
const WINDOW_MS = 5 * 60 * 1000;
/** A sender that changes its secret signs with both; a header of a thousand signatures is an attack. */
const MOST_SIGNATURES = 8;
/** Every check is made this often, whatever the trigger has. */
const CHECKS = 3;
/** Bytes of a body under Standard Webhooks, which ask for 20 KiB or less: the library computes slowly, and for strangers too. */
const STANDARD_MAX_BYTES = 128 * 1024;
const LEAST_CHARACTERS = 16;
const LEAST_BYTES = 16;

/** Why a secret cannot be used; null when it can. The text holds nothing of it. */
export function weakness(secret: string | undefined, signature: WebhookRule['signature']): string | null {
  if (secret === undefined || secret === '') return 'is not set';
  if (/\s/.test(secret) || secret.length < LEAST_CHARACTERS) {
    return `is not usable; expected at least ${LEAST_CHARACTERS} characters without blanks`;
  }
  if (signature !== 'standard-webhooks' || keyBytes(secret) >= LEAST_BYTES) return null;
  return `is not usable; expected whsec_ and the base64 of at least ${LEAST_BYTES} bytes`;
}

function keyBytes(secret: string): number {
  const text = secret.replace(/^whsec_/, '');
  // Node reads what is no base64 too, leaving parts out.
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0 ? Buffer.from(text, 'base64').length : 0;
}

/**
 * Judges a request. All three ways to prove something are tried at every request, with secrets of nobody where a trigger has
 * none: how long it takes tells neither whether there is such a trigger nor what it asks for (WHK-06).
 */
export function prove(claim: Claim): Proof | null {
  const { signature } = claim;
  const secretsFor = (kinds: readonly string[], nobody: readonly string[]): readonly string[] => {
    const own = kinds.includes(signature) ? claim.secrets : [];
    return [...own, ...nobody].slice(0, Math.max(CHECKS, own.length));
  };
  const proofs = {
    plain: provePlain(claim, secretsFor(['bearer', 'shared-secret'], NOBODY)),
    hmac: proveHmac(claim, secretsFor(['hmac'], NOBODY)),
    standard: proveStandard(claim, secretsFor(['standard-webhooks'], NOBODY_STANDARD)),
  };
  switch (signature) {
    case 'bearer':
    case 'shared-secret':
      return proofs.plain;
    case 'hmac':
      return proofs.hmac;
    case 'standard-webhooks':
      return proofs.standard;
    default:
      return signature satisfies never;
  }
}

/** Secrets that this process alone knows, for as long as it lives. */
const NOBODY: readonly string[] = Array.from({ length: CHECKS }, () => randomBytes(32).toString('hex'));
const NOBODY_STANDARD = NOBODY.map((hex) => `whsec_${Buffer.from(hex, 'hex').toString('base64')}`);

function provePlain({ signature, header, headers }: Claim, secrets: readonly string[]): Proof | null {
  const value = text(headers, signature === 'bearer' ? 'authorization' : (header ?? 'x-webhook-secret'));
  const given = signature === 'bearer' ? (/^Bearer (\S+)$/i.exec(value)?.[1] ?? '') : value;
  return anyOf(secrets, (secret) => isSame(given, secret)) ? { signed: null } : null;
}

/** `t=1700000000,v1=<hex>`: HMAC-SHA256 of `t`, a dot and the raw body, as Stripe's. */
function proveHmac({ header, headers, raw, now }: Claim, secrets: readonly string[]): Proof | null {
  const parts = text(headers, header ?? 'cloister-signature').split(',');
  const values = (name: string): string[] =>
    parts.flatMap((part) => (part.trim().startsWith(`${name}=`) ? [part.trim().slice(name.length + 1)] : []));
  const [time = '', ...times] = values('t');
  const given = values('v1');
  const isProved = anyOf(secrets, (secret) => {
    const expected = createHmac('sha256', secret).update(`${time}.`).update(raw).digest('hex');
    return anyOf(given.slice(0, MOST_SIGNATURES), (each) => isSame(each.toLowerCase(), expected));
  });
  const isRight = times.length === 0 && given.length <= MOST_SIGNATURES && isNear(time, now);
  return isProved && isRight ? { signed: time } : null;
}

/** https://www.standardwebhooks.com: `webhook-id`, `webhook-timestamp`, `webhook-signature`. */
function proveStandard({ headers, raw, now }: Claim, secrets: readonly string[]): Proof | null {
  const own = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
  const given = Object.fromEntries(own.map((name) => [name, text(headers, name)]));
  const { 'webhook-id': id = '', 'webhook-timestamp': time = '', 'webhook-signature': signatures = '' } = given;
  const isBounded =
    raw.length <= STANDARD_MAX_BYTES && id.length <= 255 && signatures.split(' ').length <= MOST_SIGNATURES;
  // The library takes `1700000000x` for a number, and bytes that are no UTF-8 for others that are.
  if (!isBounded || !isNear(time, now) || !isUtf8(raw)) return null;
  const body = raw.toString('utf8');
  return anyOf(secrets, (secret) => verifies(secret, body, given)) ? { signed: id } : null;
}

function verifies(secret: string, body: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

/** Asks for each, whatever those before it gave. */
function anyOf<T>(items: readonly T[], holds: (item: T) => boolean): boolean {
  return items.map(holds).includes(true);
}

/** Whole seconds since 1970, within the window. */
function isNear(time: string, now: number): boolean {
  return /^\d{1,12}$/.test(time) && Math.abs(now - Number(time) * 1000) <= WINDOW_MS;
}

function isUtf8(raw: Buffer): boolean {
  return Buffer.compare(Buffer.from(raw.toString('utf8'), 'utf8'), raw) === 0;
}

function text(headers: Claim['headers'], name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}
