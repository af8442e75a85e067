/** A script that walks at random over all it can reach, and calls, sets and builds what it finds (in the way of Fuzzilli). */

/** The script; `seed` and `steps` are numbers, `calls` whether it may call capabilities. */
export function walk(seed: number, steps: number, calls: boolean): string {
  return `const SEED = ${seed}, STEPS = ${steps}, CALLS = ${calls};\n${WALKER}`;
}

/** What the walk returns when it holds something of isolated-vm's or of Node's. */
export const HANDLE = 'HANDLE-REACHED';

const WALKER = `
const { ownKeys, getPrototypeOf, apply, construct, set, defineProperty, deleteProperty } = Reflect;
const { stringify } = JSON;
const text = String;
const say = cloister.log.info;
const HANDLES = ['applySync', 'copySync', 'derefInto', 'createContextSync', 'binding', '_linkedBinding', 'mainModule'];
let state = SEED >>> 0;
const below = (n) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return (state >>> 8) % n; };
const EDGES = [0, -0, -1, 1, 2, 255, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, NaN, Infinity, 7n, '', 'a', '__proto__', 'constructor',
  '\\ud800', null, undefined, true, Symbol.iterator, Symbol.species, Symbol.toPrimitive, Symbol.asyncIterator];
async function main(t) {
  const found = [globalThis, t, {}, [], [1, 2, 3], 'text', /a/g, () => 1, async () => 1, function* () { yield 1; }, async function* () {},
    class { static #x = 1; }, new Proxy({}, {}), new Proxy(() => 1, {}), new Map([[1, 2]]), new Error('x'), new Date(0), 1n,
    new Uint8Array(8), Promise.resolve(1), Object.create(null), arguments, { length: 10, 0: 1 }, { then: (f) => f(1) }];
  if (CALLS) found.push(cloister, cloister.fhir, cloister.http, cloister.db, cloister.log, cloister.evaluate);
  const pick = () => (below(4) === 0 ? EDGES[below(EDGES.length)] : found[below(found.length)]);
  const keyOf = (o) => {
    if (below(8) === 0) return EDGES[below(EDGES.length)];
    let p = o;
    for (let up = below(3); up > 0 && p !== null; up--) p = getPrototypeOf(p) ?? p;
    const keys = ownKeys(p);
    return keys.length > 0 ? keys[below(keys.length)] : 'constructor';
  };
  const handles = [];
  const keep = (value) => {
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return value;
    if (found.length < 400) found[found.length] = value;
    else found[below(400)] = value;
    try {
      for (let i = 0; i < HANDLES.length; i++) if (HANDLES[i] in value && value !== EDGES) handles[handles.length] = HANDLES[i];
    } catch {}
    return value;
  };
  for (let step = 0; step < STEPS; step++) {
    try {
      const o = found[below(found.length)];
      const k = keyOf(o);
      switch (below(9)) {
        case 0: case 1: keep(o[k]); break;
        case 2: case 3: case 4: {
          const f = o[k];
          const args = [];
          for (let n = below(4); n > 0; n--) args[args.length] = pick();
          keep(typeof f === 'function' ? apply(f, below(5) === 0 ? pick() : o, args) : f);
          break;
        }
        case 5: keep(typeof o === 'function' ? construct(o, [pick(), pick()], below(4) === 0 ? pick() : o) : getPrototypeOf(o)); break;
        case 6: below(3) === 0 && set(o, k, pick()); break;
        case 7: below(4) === 0 && defineProperty(o, k, { get: below(2) ? found[below(found.length)] : () => pick(), configurable: true }); break;
        case 8: below(6) === 0 && deleteProperty(o, k); break;
      }
      if (below(40) === 0) keep(await found[below(found.length)]);
    } catch (error) { keep(error); }
  }
  let seen = '';
  for (let i = 0; i < found.length && seen.length < 20000; i++) {
    try { seen += text(found[i]).slice(0, 200) + '\\n'; } catch {}
    try { if (typeof found[i]?.stack === 'string') seen += found[i].stack.slice(0, 500); } catch {}
  }
  try { say(seen.slice(0, 8000)); } catch {}
  return [handles.length > 0 ? '${HANDLE} ' + handles : '', seen];
}`;
