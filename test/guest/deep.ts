import { parentPort, workerData } from 'node:worker_threads';
import { fuelOf, startEngine } from './engine.ts';

/** Runs each script in a metered engine of its own, and says how it ended and whether it left fuel. */
const { bytes, codes, fuel } = workerData as { bytes: Uint8Array<ArrayBuffer>; codes: readonly string[]; fuel: bigint };
const metered = new WebAssembly.Module(bytes);
const outcomes: { thrown: string; left: boolean }[] = [];
for (const code of codes) {
  const engine = await startEngine(metered);
  const tank = fuelOf(engine);
  if (tank !== null) tank.value = fuel;
  let thrown = '';
  try {
    engine.evalCode(code).dispose();
  } catch (error) {
    thrown = String(error);
  }
  outcomes.push({ thrown, left: (tank?.value ?? -1n) >= 0n });
}
parentPort?.postMessage(outcomes);
