/** Process side of `aside.ts`: parses what it is sent, one text after the other. Ends with its channel. */
import { parseYaml } from './document.ts';

process.on('message', ({ text, tokensLeft }: { text: string; tokensLeft: number }) => {
  process.send?.(parseYaml(text, tokensLeft));
});
