import { defineProperty } from './primordials.ts';

/**
 * Puts a constructor in the place of one of the language's, for every way of reaching it: its name on the global object and
 * `constructor` of its prototype, which both share. Statics are the caller's to add.
 */
export function standIn(Native: Constructor, replacement: Constructor): void {
  const { name, length } = Native;
  defineProperty(replacement, 'name', { value: name, configurable: true });
  defineProperty(replacement, 'length', { value: length, configurable: true });
  defineProperty(replacement, 'prototype', { value: Native.prototype, writable: false });
  defineProperty(Native.prototype, 'constructor', { value: replacement, writable: true, configurable: true });
  defineProperty(globalThis, name, { value: replacement, writable: true, configurable: true });
}

interface Constructor {
  readonly name: string;
  readonly length: number;
  readonly prototype: object;
}
