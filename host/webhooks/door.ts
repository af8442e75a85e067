/** Who may post events to which trigger: the secrets that the operator gave, and the proof that a request carries. */
import type { WebhookRule } from '../../registry/index.ts';
import { type Claim, type Proof, prove, weakness } from './proof.ts';

/** Where secrets come from. */
export interface Secrets {
  /** `CLOISTER_WEBHOOK_TOKEN`; null: not set. */
  readonly token: string | null;
  /** Value of an alias; undefined: not set. */
  readonly find: (alias: string) => string | undefined;
}

/** A request as far as its sender has to prove something. */
export type Posted = Pick<Claim, 'headers' | 'raw'> & {
  /** Made by the API's own access check: a caller of a development host, on the same machine. */
  readonly isLocal: boolean;
};

/** Judges senders. */
export class Door {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /**
   * Whether a request may deliver events to a trigger; `rule` null: there is no such trigger, or it takes none. A trigger without
   * any usable secret takes events of a development host's own machine, and nobody else's.
   */
  admit(rule: WebhookRule | null, { isLocal, headers, raw }: Posted): Proof | null {
    const { signature = 'bearer', header = null } = rule ?? {};
    const secrets = rule === null ? [] : this.#usable(rule);
    const proof = prove({ signature, header, secrets, headers, raw, now: Date.now() });
    if (rule !== null && secrets.length === 0 && isLocal) return { signed: null };
    return proof;
  }

  /** What keeps a trigger from taking events, a sentence for each secret that cannot be used; empty when one can. */
  problemsOf(rule: WebhookRule): string[] {
    if (this.#usable(rule).length > 0) return [];
    return named(rule).map(({ variable, alias }) => {
      return `${variable} ${weakness(this.#value(alias), rule.signature) ?? 'is not set'}`;
    });
  }

  #usable(rule: WebhookRule): string[] {
    const values = named(rule).map(({ alias }) => this.#value(alias));
    return values.flatMap((value) => (value !== undefined && weakness(value, rule.signature) === null ? [value] : []));
  }

  #value(alias: string | null): string | undefined {
    return alias === null ? (this.#secrets.token ?? undefined) : this.#secrets.find(alias);
  }
}

/** A trigger that names secrets takes those alone: the host's token is the FHIR server's, not every sender's. */
function named({ secrets }: WebhookRule): { readonly alias: string | null; readonly variable: string }[] {
  if (secrets.length === 0) return [{ alias: null, variable: 'CLOISTER_WEBHOOK_TOKEN' }];
  return secrets.map((alias) => ({ alias, variable: `CLOISTER_WEBHOOK_SECRET_${alias}` }));
}
