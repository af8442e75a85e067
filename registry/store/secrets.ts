import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { StoreError } from './error.ts';

const PREFIX = 'sealed:v1:';
const IV = 12;
const TAG = 16;

/** Encrypts secrets at rest: AES-256-GCM. `place` is authenticated with the text, so a sealed text opens nowhere else. */
export interface Sealer {
  seal(text: string, place: string): string;
  /** Throws `SECRET_UNREADABLE`, also for a text that was never sealed. */
  open(sealed: string, place: string): string;
}

/** `key`: 32 bytes. Throws a TypeError for any other length. */
export function createSealer(key: Uint8Array): Sealer {
  if (key.length !== 32) throw new TypeError(`key of secrets: found ${key.length} bytes, expected 32`);
  return {
    seal(text, place) {
      const iv = randomBytes(IV);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return PREFIX + sealed.toString('base64');
    },

    open(sealed, place) {
      if (!sealed.startsWith(PREFIX)) throw unreadable(place);
      const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64');
      if (bytes.length < IV + TAG) throw unreadable(place);
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV), { authTagLength: TAG });
      decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-TAG));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(IV, -TAG)), decipher.final()]).toString('utf8');
      } catch {
        throw unreadable(place);
      }
    },
  };
}

function unreadable(place: string): StoreError {
  return new StoreError('SECRET_UNREADABLE', `${place}: cannot be decrypted with this key`);
}
