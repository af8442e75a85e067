import { parentPort, workerData } from 'node:worker_threads';
import { fuelOf, startEngine } from './engine.ts';

/** Runs each script in a metered engine of its own, in which `within(code)` lets the host run more, and says how it ended and the fuel it left. */
const { bytes, codes, fuel } = workerData as { bytes: Uint8Array<ArrayBuffer>; codes: readonly string[]; fuel: bigint };
const metered = new WebAssembly.Module(bytes);
const outcomes: { thrown: string; left: bigint }[] = [];
for (const code of codes) {
  const engine = await startEngine(metered);
  const tank = fuelOf(engine);
  if (tank !== null) tank.value = fuel;
  engine
    .newFunction('within', (code) => engine.evalCode(code?.toString() ?? ''))
    .consume((within) => engine.setProp(engine.global, 'within', within));
  let thrown = '';
  try {
    engine.evalCode(code).dispose();
  } catch (error) {
    thrown = String(error);
  }
  outcomes.push({ thrown, left: tank?.value ?? 0n });
}
parentPort?.postMessage(outcomes);
