declare const crypto: { readonly subtle: { digest(algorithm: 'SHA-256', data: Uint8Array): Promise<ArrayBuffer> } };

/** First `length` hex digits of the SHA-256 of an id: the same for the same id, in every attempt. Ids are ASCII. */
export async function digest(id: string, length: number): Promise<string> {
  const hash = await crypto.subtle.digest(
    'SHA-256',
    Uint8Array.from(id, (char) => char.charCodeAt(0)),
  );
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, length);
}
