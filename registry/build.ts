/**
 * What the registry needs of a builder. The host passes the sandbox's `build`; these types have its shape, since the
 * registry may not import the sandbox.
 */

/** A script ready to run. */
export interface Bundle {
  /** sha256 (hex) of `code`. */
  readonly digest: string;
  readonly code: string;
  /** Source map, JSON text. */
  readonly map: string;
}

/** Text files of one npm package: path inside the package → text. */
export interface PackageFiles {
  /** Identifies this copy with this content; may be handed back as `from`. */
  readonly key: string;
  readonly files: ReadonlyMap<string, string>;
}

/** Files of one installed package, null when it is not installed; `from` is the package that asks, null for the project. */
export type ReadPackage = (name: string, from: string | null) => Promise<PackageFiles | null>;

/** One bundle to make. */
export interface BuildInput {
  /** Path of the entry in `files`. */
  readonly entry: string;
  readonly files: ReadonlyMap<string, string>;
  /** `fhir/search` → text. */
  readonly builtIns: ReadonlyMap<string, string>;
  readonly packages: ReadonlySet<string>;
  readonly readPackage: ReadPackage;
  /** Specifier → source text; relative imports in it start at the root of `files`. */
  readonly virtual: ReadonlyMap<string, string>;
  /** What the bundle is for: a cell, or, as `guest`, the guest interpreter. Absent: a cell. */
  readonly target?: 'cell' | 'guest';
  /** Builds in a row that pass the same object share a warm process: sources of one owner. Absent: `files`. */
  readonly owner?: object;
}

/** One thing wrong with a script. */
export interface BuildFault {
  readonly code: 'IMPORT_UNKNOWN' | 'BUILD_FAILED' | 'SCRIPT_MISSING';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly expected: string;
}

/** How a build ended. */
export type BuildResult =
  | {
      readonly ok: true;
      readonly bundle: Bundle;
      readonly exports: readonly string[];
      /** Those of them that are functions, and those that only running the code would tell. */
      readonly functions: readonly string[];
      readonly unclear: readonly string[];
      readonly inputs: readonly string[];
    }
  | {
      readonly ok: false;
      readonly problems: readonly BuildFault[];
      /** A limit ended it: another try would take as long. */
      readonly wasEnded?: boolean;
    };

/** Makes one bundle. Rejects only when the builder itself fails, never for what a script holds. */
export type Build = (input: BuildInput) => Promise<BuildResult>;
