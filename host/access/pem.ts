/** Public keys as text. */
import { createPublicKey } from 'node:crypto';

/** The algorithm of JWTs that a public key (PEM) is for; null when there is none, or the key is too short. */
export function algorithmOf(pem: string): 'RS256' | 'ES256' | null {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
    if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 ? 'RS256' : null;
    return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : null;
  } catch {
    return null;
  }
}
