/** Everything that is fuzzed, in the order of their turns. */
import type { Target } from '../target.ts';
import { calls } from './calls.ts';
import { endpoints } from './endpoints.ts';
import { frames } from './frames.ts';
import { http } from './http.ts';
import { params } from './params.ts';
import { scripts } from './scripts.ts';
import { yaml } from './yaml.ts';

export const TARGETS: readonly Target[] = [scripts, params, frames, calls, yaml, http, endpoints];
