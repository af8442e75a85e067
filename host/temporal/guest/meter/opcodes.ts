import { type Reader, WasmError } from './bytes.ts';

/** The opcodes that the meter writes or looks for; one behind the prefix 0xfc is written with it: 0xfc0a. */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  localGet: 0x20,
  localSet: 0x21,
  globalGet: 0x23,
  globalSet: 0x24,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  i32LessUnsigned: 0x49,
  i64LessSigned: 0x53,
  i64Subtract: 0x7d,
  i64Multiply: 0x7e,
  i64ExtendUnsigned: 0xad,
  memoryInit: 0xfc08,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
  tableInit: 0xfc0c,
  tableCopy: 0xfc0e,
  tableGrow: 0xfc0f,
  tableFill: 0xfc11,
} as const;

/** The types that the meter writes; `nothing` is the type of a block which takes nothing and leaves nothing. */
export const TYPE = { i32: 0x7f, i64: 0x7e, nothing: 0x40 } as const;

type Pass = (reader: Reader) => void;

const nothing: Pass = () => undefined;
const one: Pass = (reader) => reader.passNumber();
const two: Pass = (reader) => {
  reader.passNumber();
  reader.passNumber();
};
const list: Pass = (reader) => {
  for (let left = reader.u32(); left > 0; left--) reader.passNumber();
};
const targets: Pass = (reader) => {
  list(reader);
  reader.passNumber();
};
const address: Pass = (reader) => {
  // Bit 6 of the alignment announces the number of a memory.
  if (reader.u32() & 0x40) reader.passNumber();
  reader.passNumber();
};
const bytes =
  (count: number): Pass =>
  (reader) =>
    reader.pass(count);

/** What follows an opcode: first opcode, last opcode, how to pass over its immediates. WebAssembly 2.0 without vectors, and tail calls. */
const IMMEDIATES: readonly (readonly [number, number, Pass])[] = [
  [0x00, 0x01, nothing], // unreachable, nop
  [0x02, 0x04, one], // block, loop, if
  [0x05, 0x05, nothing], // else
  [0x0b, 0x0b, nothing], // end
  [0x0c, 0x0d, one], // br, br_if
  [0x0e, 0x0e, targets], // br_table
  [0x0f, 0x0f, nothing], // return
  [0x10, 0x10, one], // call
  [0x11, 0x11, two], // call_indirect
  [0x12, 0x12, one], // return_call
  [0x13, 0x13, two], // return_call_indirect
  [0x1a, 0x1b, nothing], // drop, select
  [0x1c, 0x1c, list], // select of a type
  [0x20, 0x26, one], // locals, globals, table.get, table.set
  [0x28, 0x3e, address], // loads and stores
  [0x3f, 0x42, one], // memory.size, memory.grow, i32.const, i64.const
  [0x43, 0x43, bytes(4)], // f32.const
  [0x44, 0x44, bytes(8)], // f64.const
  [0x45, 0xc4, nothing], // arithmetic
  [0xd0, 0xd0, one], // ref.null
  [0xd1, 0xd1, nothing], // ref.is_null
  [0xd2, 0xd2, one], // ref.func
  [0xfc00, 0xfc07, nothing], // saturating conversions
  [0xfc08, 0xfc08, two], // memory.init
  [0xfc09, 0xfc09, one], // data.drop
  [0xfc0a, 0xfc0a, two], // memory.copy
  [0xfc0b, 0xfc0b, one], // memory.fill
  [0xfc0c, 0xfc0c, two], // table.init
  [0xfc0d, 0xfc0d, one], // elem.drop
  [0xfc0e, 0xfc0e, two], // table.copy
  [0xfc0f, 0xfc11, one], // table.grow, table.size, table.fill
];

const PASS = new Map<number, Pass>();
for (const [first, last, pass] of IMMEDIATES) for (let op = first; op <= last; op++) PASS.set(op, pass);

/** Reads the opcode at the reader's place and passes over its immediates. Throws WasmError for an opcode it does not know. */
export function instruction(reader: Reader): number {
  const at = reader.at;
  const first = reader.byte();
  const opcode = first === 0xfc ? 0xfc00 + reader.u32() : first;
  const pass = PASS.get(opcode);
  if (pass === undefined) throw new WasmError(`the meter does not know instruction 0x${opcode.toString(16)} at ${at}`);
  pass(reader);
  return opcode;
}
