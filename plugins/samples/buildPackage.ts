import { members, text } from './_argument.ts';

/** What the activity is given. */
export interface Input {
  packageName: string;
  version: string;
}

/** What it answers. */
export interface Output {
  success: true;
  packageName: string;
  /** Milliseconds. */
  buildTime: number;
  artifacts: string[];
}

/** A placeholder: names what a build would make, and builds nothing. */
export async function main(input: Input): Promise<Output> {
  const began = Date.now();
  const given = members('buildPackage', input);
  const packageName = text('buildPackage.packageName', given.packageName);
  const version = text('buildPackage.version', given.version);
  console.log(`building ${packageName} ${version}`);
  return {
    success: true,
    packageName,
    buildTime: Math.max(1, Date.now() - began),
    artifacts: [`${packageName}-${version}.tgz`],
  };
}
