import { members, text } from './_argument.ts';

/** What the activity is given. */
export interface Input {
  message: string;
}

/** What it answers. */
export interface Output {
  success: true;
  message: string;
  /** ISO 8601. */
  processedAt: string;
}

/** Answers with the message it was given, for a first try. */
export async function main(input: Input): Promise<Output> {
  const message = text('sampleActivity.message', members('sampleActivity', input).message);
  console.log(`processing: ${message}`);
  return { success: true, message, processedAt: new Date().toISOString() };
}
