import type { OnLoadArgs, OnLoadResult } from 'esbuild-wasm';
import type { Asker } from './asker.ts';
import type { Question } from './message.ts';
import { loaderOf } from './path.ts';
import type { BuildInput, Fault } from './resolver.ts';

/** Answers every file of a build by asking the supervisor. */
export async function load(args: OnLoadArgs, input: BuildInput, asker: Asker): Promise<OnLoadResult> {
  if (args.namespace === 'cloister')
    return { contents: args.path === 'db.ts' ? input.db : input.cloister, loader: 'js' };
  const { pluginData } = args;
  const key = typeof pluginData === 'string' ? pluginData : '';
  if (args.namespace === 'package' && args.path.endsWith('/(empty)')) return { contents: '', loader: 'js', pluginData };
  const reply = await asker.ask(questionOf(args, key));
  if (reply === null || 'key' in reply)
    return fail({ code: 'BUILD_FAILED', found: args.path, expected: 'a file of text' });
  if ('tooLarge' in reply) {
    return fail({ code: 'BUILD_FAILED', found: `${args.path}, ${reply.tooLarge} bytes`, expected: 'less source text' });
  }
  // A line for shells means nothing here, and in front of it the bundle has its own words.
  return { contents: reply.text.replace(/^#!.*/, ''), loader: loaderOf(args.path), pluginData };
}

function questionOf({ namespace, path }: OnLoadArgs, key: string): Question {
  switch (namespace) {
    case 'package':
      return { of: 'packageFile', key, path: path.replace(/^(?:@[^/]+\/)?[^/]+\//, '') };
    case 'built-in':
      return { of: 'builtIn', name: path.replace(/\.ts$/, '') };
    case 'virtual':
      return { of: 'virtual', specifier: path };
    default:
      return { of: 'file', path };
  }
}

function fail(fault: Fault): OnLoadResult {
  return { errors: [{ text: `${fault.found}: expected ${fault.expected}`, detail: fault }] };
}
