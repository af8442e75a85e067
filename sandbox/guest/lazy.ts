declare const $libraries: () => Libraries;

type Libraries = typeof import('./libraries.ts');

let made: Libraries | null = null;

/** The libraries of the realm: compiled when this is first called. */
export function libraries(): Libraries {
  made ??= $libraries();
  return made;
}
