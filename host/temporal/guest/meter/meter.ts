import { meteredBody, type Tanks } from './body.ts';
import { Reader, signed, unsigned, WasmError, Writer } from './bytes.ts';
import { FIRST_FUEL, STACK_BYTES } from './limits.ts';
import { instruction, OP, TYPE } from './opcodes.ts';

/** The number that stands before each section. */
const SECTION = { custom: 0, type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;

/** What kind of thing an import or export is. */
const KIND = { function: 0, global: 3 } as const;

const FUNCTION_TYPE = 0x60;
const MUTABLE = 1;
const HEADER_BYTES = 8;

/** The name under which a metered module exports its fuel. */
const FUEL = 'fuel';

/** How LLVM calls the global that points to its stack in memory; it grows towards 0. */
const STACK = '__stack_pointer';

/**
 * The same WebAssembly module with a budget for all of its code. It exports one thing more, `fuel`: a mutable global i64. Every entry of a
 * function and every turn of a loop takes as much of it as there are instructions in it (up to 40), and what fills, copies or adds memory takes
 * one for each byte; where fuel falls below zero the module traps (`unreachable`), again and again until the host sets more.
 * It traps likewise where its stack in memory grows beyond 256 KiB, and then its fuel is TOO_DEEP.
 * No code inside the module can see, catch or put off that trap. What is taken depends on nothing but the module, its
 * memory and what it is called with. A module that trapped is in the middle of something: throw it away.
 *
 * Equal bytes give equal bytes. Custom sections are left out: nothing in them runs, and places they name have moved.
 * Throws WasmError for bytes that are no valid module, for a module which does not export the `__stack_pointer` of LLVM, already
 * exports `fuel`, or uses what the meter does not know: vectors, exceptions, shared memory, garbage collection.
 */
export function meter(wasm: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!WebAssembly.validate(wasm)) throw new WasmError('the bytes are no valid WebAssembly module');
  const sections = sectionsOf(wasm);
  const read = (id: number): Reader => {
    const bytes = sections.find((section) => section.id === id)?.bytes;
    if (bytes === undefined) throw new WasmError(`the module has no section ${id}, which the meter needs`);
    return new Reader(bytes);
  };
  const exports = globalsExported(read(SECTION.export));
  if (exports.has(FUEL)) throw new WasmError(`the module already exports "${FUEL}"`);
  const imported = globalsImported(read(SECTION.import));
  const fuel = imported + read(SECTION.global).u32();
  const stack = exports.get(STACK) ?? -1;
  const floor = Math.max(0, initialNumber(read(SECTION.global), stack - imported) - STACK_BYTES);
  const parameters = parametersOf(read(SECTION.type), read(SECTION.function));
  const rewritten: ReadonlyMap<number, Uint8Array> = new Map([
    [SECTION.global, withItem(read(SECTION.global), newGlobal())],
    [SECTION.export, withItem(read(SECTION.export), newExport(fuel))],
    [SECTION.code, meteredCode(read(SECTION.code), parameters, { fuel, stack, floor })],
  ]);

  const out = new Writer();
  out.add(wasm.subarray(0, HEADER_BYTES));
  for (const { id, bytes } of sections) {
    if (id === SECTION.custom) continue;
    out.add([id]);
    out.sized(rewritten.get(id) ?? bytes);
  }
  const metered = out.written.slice();
  if (!WebAssembly.validate(metered)) throw new WasmError('the module uses something which the meter does not know');
  return metered;
}

function sectionsOf(wasm: Uint8Array): { id: number; bytes: Uint8Array }[] {
  const sections: { id: number; bytes: Uint8Array }[] = [];
  const reader = new Reader(wasm, HEADER_BYTES);
  while (!reader.done) sections.push({ id: reader.byte(), bytes: reader.take(reader.u32()) });
  return sections;
}

/** A section that is a list, with one item more at its end. */
function withItem(section: Reader, item: readonly number[]): Uint8Array {
  const out = new Writer();
  out.add(unsigned(section.u32() + 1));
  out.add(section.rest());
  out.add(item);
  return out.written;
}

function newGlobal(): number[] {
  return [TYPE.i64, MUTABLE, OP.i64Const, ...signed(FIRST_FUEL), OP.end];
}

function newExport(global: number): number[] {
  const name = new TextEncoder().encode(FUEL);
  return [...unsigned(name.length), ...name, KIND.global, ...unsigned(global)];
}

function globalsExported(section: Reader): ReadonlyMap<string, number> {
  const globals = new Map<string, number>();
  for (let left = section.u32(); left > 0; left--) {
    const name = new TextDecoder().decode(section.take(section.u32()));
    const kind = section.byte();
    const index = section.u32();
    if (kind === KIND.global) globals.set(name, index);
  }
  return globals;
}

/** The whole number, not below 0, with which the wanted one of the module's own globals begins. */
function initialNumber(section: Reader, wanted: number): number {
  const count = section.u32();
  for (let index = 0; index < count; index++) {
    section.passNumber();
    section.pass(1);
    if (index === wanted && section.byte() === OP.i32Const) return section.u32();
    while (instruction(section) !== OP.end);
  }
  throw new WasmError(`the module does not export "${STACK}", or it begins with something else than a number`);
}

function globalsImported(section: Reader): number {
  let globals = 0;
  for (let left = section.u32(); left > 0; left--) {
    section.pass(section.u32());
    section.pass(section.u32());
    const kind = section.byte();
    if (kind === KIND.function) section.passNumber();
    else if (kind === KIND.global) {
      section.pass(2);
      globals += 1;
    } else throw new WasmError(`the module imports something of kind ${kind}, which the meter does not know`);
  }
  return globals;
}

/** How many parameters each function of the module's own takes, in their order. */
function parametersOf(types: Reader, functions: Reader): number[] {
  const parameters = Array.from({ length: types.u32() }, () => {
    const form = types.byte();
    if (form !== FUNCTION_TYPE)
      throw new WasmError(`the module has a type of form ${form}, which the meter does not know`);
    const taken = types.u32();
    types.pass(taken);
    types.pass(types.u32());
    return taken;
  });
  return Array.from({ length: functions.u32() }, () => parameters[functions.u32()] ?? 0);
}

function meteredCode(section: Reader, parameters: readonly number[], tanks: Tanks): Uint8Array {
  const out = new Writer();
  out.add(unsigned(section.u32()));
  for (const taken of parameters) out.sized(meteredBody(section.take(section.u32()), taken, tanks));
  return out.written;
}
