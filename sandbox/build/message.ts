import type { BuildProblem, BuildTarget } from '../contract.ts';

/** What a build asks its supervisor for: the build itself never opens a file of a project. */
export type Question =
  /** Text of one file of the project. */
  | { readonly of: 'file'; readonly path: string }
  | { readonly of: 'builtIn'; readonly name: string }
  | { readonly of: 'virtual'; readonly specifier: string }
  /** Paths and manifest of an installed package, seen from the package with key `from` or from the project. */
  | { readonly of: 'package'; readonly name: string; readonly from: string | null }
  | { readonly of: 'packageFile'; readonly key: string; readonly path: string };

/** Answer to a question. `tooLarge` stands for a text that is over the build's cap. */
export type Reply =
  | { readonly text: string }
  | { readonly key: string; readonly manifest: string; readonly paths: readonly string[] }
  | { readonly tooLarge: number }
  | null;

/** What a supervisor tells a build process. One build at a time. */
export type ToBuild =
  | {
      readonly t: 'build';
      readonly entry: string;
      readonly paths: readonly string[];
      readonly builtIns: readonly string[];
      readonly virtual: readonly string[];
      readonly packages: readonly string[];
      readonly target: BuildTarget;
      /** Sources of the modules `cloister` and its `./db.ts`. */
      readonly cloister: string;
      readonly db: string;
    }
  | { readonly t: 'reply'; readonly id: number; readonly reply: Reply };

/** What a build process tells its supervisor. */
export type FromBuild =
  | { readonly t: 'ready' }
  | { readonly t: 'ask'; readonly id: number; readonly question: Question }
  | {
      readonly t: 'made';
      readonly code: string;
      readonly map: string;
      readonly exports: readonly string[];
      readonly functions: readonly string[];
      readonly unclear: readonly string[];
      readonly inputs: readonly string[];
    }
  | { readonly t: 'failed'; readonly problems: readonly BuildProblem[] };
