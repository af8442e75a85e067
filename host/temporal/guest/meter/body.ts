import { Reader, signed, unsigned, Writer } from './bytes.ts';
import { TOO_DEEP } from './limits.ts';
import { instruction, OP, TYPE } from './opcodes.ts';

/** Takes a fixed amount before the instruction at `at`: an entry of the function, or a turn of a loop. */
type Turn = { readonly at: number; cost: number };

/** Takes an amount per unit of the length which the instruction at `at` finds on top of the stack. */
type Length = { readonly at: number; readonly unit: bigint };

/** These make no machine code. */
const FREE: ReadonlySet<number> = new Set([OP.block, OP.loop, OP.else, OP.end]);

const CALLS: ReadonlySet<number> = new Set([OP.call, OP.callIndirect, OP.returnCall, OP.returnCallIndirect]);

/** The instructions whose time grows with a length, and the fuel for one unit of it: a byte, an element, a page. */
const BY_LENGTH: ReadonlyMap<number, bigint> = new Map([
  [OP.memoryInit, 1n],
  [OP.memoryCopy, 1n],
  [OP.memoryFill, 1n],
  [OP.memoryGrow, 65_536n],
  [OP.tableInit, 1n],
  [OP.tableCopy, 1n],
  [OP.tableFill, 1n],
  [OP.tableGrow, 1n],
]);

/**
 * What one turn costs at most. The turn of a small loop runs all of its instructions, that of an interpreter's loop one branch out of
 * hundreds: counted in full, one instruction of JavaScript would cost as much as a long search.
 */
const TURN_AT_MOST = 40;

/** The globals of the module that a body needs, by number, and where its stack in memory may not go below. */
export interface Tanks {
  readonly fuel: number;
  readonly stack: number;
  readonly floor: number;
}

/**
 * The body of one function (locals and code), which takes so many parameters, with its charges put in. Throws WasmError for an
 * instruction it does not know.
 */
export function meteredBody(body: Uint8Array, parameters: number, { fuel, stack, floor }: Tanks): Uint8Array {
  const reader = new Reader(body);
  const groups = reader.u32();
  const declarations = reader.at;
  let spare = parameters;
  for (let left = groups; left > 0; left--) {
    spare += reader.u32();
    reader.passNumber();
  }
  let from = reader.at;
  const locals = body.subarray(declarations, from);
  const { charges, calls } = chargesOf(reader);

  const out = new Writer();
  if (charges.some((charge) => 'unit' in charge)) {
    out.add(unsigned(groups + 1));
    out.add(locals);
    out.add([1, TYPE.i32]);
  } else {
    out.add(unsigned(groups));
    out.add(locals);
  }
  if (calls) out.add(trapWhenDeep(stack, floor, fuel));
  for (const charge of charges) {
    out.add(body.subarray(from, charge.at));
    out.add('unit' in charge ? takeByLength(fuel, spare, charge.unit) : takeTurn(fuel, charge.cost));
    from = charge.at;
  }
  out.add(body.subarray(from));
  return out.written;
}

/**
 * Where fuel is taken, from front to back, and whether the code calls anything: what does not cannot recurse. What stands in an
 * inner loop is counted there, and not in the loops around it.
 */
function chargesOf(code: Reader): { charges: (Turn | Length)[]; calls: boolean } {
  let turn: Turn = { at: code.at, cost: 1 };
  const charges: (Turn | Length)[] = [turn];
  const open: Turn[] = [];
  let calls = false;
  while (!code.done) {
    const { at } = code;
    const opcode = instruction(code);
    if (!FREE.has(opcode)) turn.cost = Math.min(turn.cost + 1, TURN_AT_MOST);
    calls ||= CALLS.has(opcode);
    const unit = BY_LENGTH.get(opcode);
    if (unit !== undefined) charges.push({ at, unit });
    if (opcode === OP.block || opcode === OP.if || opcode === OP.loop) open.push(turn);
    if (opcode === OP.loop) {
      turn = { at: code.at, cost: 1 };
      charges.push(turn);
    }
    if (opcode === OP.end) turn = open.pop() ?? turn;
  }
  return { charges, calls };
}

function takeTurn(fuel: number, cost: number): number[] {
  return [
    ...[OP.globalGet, ...unsigned(fuel)],
    ...[OP.i64Const, ...signed(BigInt(cost))],
    OP.i64Subtract,
    ...[OP.globalSet, ...unsigned(fuel)],
    ...trapWhenSpent(fuel),
  ];
}

function takeByLength(fuel: number, spare: number, unit: bigint): number[] {
  return [
    ...[OP.localSet, ...unsigned(spare)],
    ...[OP.globalGet, ...unsigned(fuel)],
    ...[OP.localGet, ...unsigned(spare)],
    OP.i64ExtendUnsigned,
    ...[OP.i64Const, ...signed(unit)],
    OP.i64Multiply,
    OP.i64Subtract,
    ...[OP.globalSet, ...unsigned(fuel)],
    ...trapWhenSpent(fuel),
    ...[OP.localGet, ...unsigned(spare)],
  ];
}

function trapWhenSpent(fuel: number): number[] {
  return [
    ...[OP.globalGet, ...unsigned(fuel)],
    ...[OP.i64Const, 0],
    OP.i64LessSigned,
    ...[OP.if, TYPE.nothing],
    OP.unreachable,
    OP.end,
  ];
}

/** Takes the fuel away with it: a host function in between must not be able to make an error of the trap, which a script could catch. */
function trapWhenDeep(stack: number, floor: number, fuel: number): number[] {
  return [
    ...[OP.globalGet, ...unsigned(stack)],
    ...[OP.i32Const, ...signed(BigInt(floor))],
    OP.i32LessUnsigned,
    ...[OP.if, TYPE.nothing],
    ...[OP.i64Const, ...signed(TOO_DEEP)],
    ...[OP.globalSet, ...unsigned(fuel)],
    OP.unreachable,
    OP.end,
  ];
}
