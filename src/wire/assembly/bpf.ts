/**
 * Runs a program of the BSD Packet Filter, as libpcap compiles one (bpf(4), bpf_filter.c in libpcap): eight bytes an instruction, its
 * code, where to jump if true and if false, and a constant. libpcap only jumps ahead and ends with a return, so that each ends.
 */
import { SCRATCH_WORDS } from "../decode-words.js";
import { byteAt, halfAt, wordAt } from "./bytes.js";

/** The first instruction of a program follows its scratch memory. */
const CODE = 4 * SCRATCH_WORDS;

/** Classes, in the lower three bits of a code … */
const LD = 0;
const LDX = 1;
const ST = 2;
const STX = 3;
const ALU = 4;
const JMP = 5;
const RET = 6;
/** … the addressing modes and sizes of loads … */
const SIZE = 0x18;
const HALF = 0x08;
const BYTE = 0x10;
const MODE = 0xe0;
const IMM = 0x00;
const IND = 0x40;
const MEM = 0x60;
const LEN = 0x80;
const MSH = 0xa0;
/** … what arithmetic does and jumps ask, and where their operand is X … */
const OPERATION = 0xf0;
const ADD = 0x00;
const SUB = 0x10;
const MUL = 0x20;
const DIV = 0x30;
const OR = 0x40;
const AND = 0x50;
const LSH = 0x60;
const RSH = 0x70;
const NEG = 0x80;
const MOD = 0x90;
const XOR = 0xa0;
const JA = 0x00;
const JEQ = 0x10;
const JGT = 0x20;
const JGE = 0x30;
const BY_X = 0x08;
/** … and which register is returned, or copied to the other. */
const BY_A = 0x10;
const TXA = 0x80;

/**
 * Whether a program lets the frame pass whose bytes are at `start` … `start + captured - 1`, and that had `original` bytes on the wire.
 * What looks beyond the bytes captured does not let it pass.
 */
export function passes(program: i32, start: i32, captured: u32, original: u32): bool {
  let a: u32 = 0;
  let x: u32 = 0;
  let at = program + CODE;
  while (true) {
    const code = <i32>load<u16>(at);
    const k = load<u32>(at, 4);
    switch (code & 7) {
      case LD:
      case LDX: {
        const value = loaded(code, k, x, program, start, captured, original);
        if (value < 0) return false;
        if ((code & 7) === LD) a = <u32>value;
        else x = <u32>value;
        break;
      }
      case ST:
        store<u32>(program + ((<i32>k) << 2), a);
        break;
      case STX:
        store<u32>(program + ((<i32>k) << 2), x);
        break;
      case ALU: {
        const operation = code & OPERATION;
        const operand = (code & BY_X) !== 0 ? x : k;
        if (operand === 0 && (operation === DIV || operation === MOD)) return false;
        a = computed(operation, a, operand);
        break;
      }
      case JMP: {
        const operation = code & OPERATION;
        if (operation === JA) {
          at += (<i32>k) << 3;
          break;
        }
        const isTrue = compares(operation, a, (code & BY_X) !== 0 ? x : k);
        at += (<i32>load<u8>(isTrue ? at : at + 1, 2)) << 3;
        break;
      }
      case RET:
        return ((code & (BY_A | BY_X)) === BY_A ? a : k) !== 0;
      default:
        if ((code & TXA) !== 0) a = x;
        else x = a;
    }
    at += 8;
  }
}

/** What an instruction loads; negative where that lies beyond the bytes captured. */
function loaded(code: i32, k: u32, x: u32, program: i32, start: i32, captured: u32, original: u32): i64 {
  switch (code & MODE) {
    case IMM:
      return <i64>k;
    case LEN:
      return <i64>original;
    case MEM:
      return <i64>load<u32>(program + ((<i32>k) << 2));
    case MSH:
      // the length of the IPv4 header there
      return k < captured ? <i64>((byteAt(start + <i32>k) & 0xf) << 2) : -1;
    default: {
      // in 64 bits, as the sum may be larger than 32 bits hold
      const from = <u64>k + ((code & MODE) === IND ? <u64>x : 0);
      const size = code & SIZE;
      const bytes = size === BYTE ? 1 : size === HALF ? 2 : 4;
      if (from + bytes > <u64>captured) return -1;
      const byte = start + <i32>from;
      return <i64>(<u32>(size === BYTE ? byteAt(byte) : size === HALF ? halfAt(byte) : wordAt(byte)));
    }
  }
}

/** What an operation makes of two numbers. Precondition: none is divided by 0. */
function computed(operation: i32, a: u32, operand: u32): u32 {
  switch (operation) {
    case ADD:
      return a + operand;
    case SUB:
      return a - operand;
    case MUL:
      return a * operand;
    case DIV:
      return a / operand;
    case MOD:
      return a % operand;
    case OR:
      return a | operand;
    case AND:
      return a & operand;
    case XOR:
      return a ^ operand;
    case LSH:
      return operand < 32 ? a << operand : 0;
    case RSH:
      return operand < 32 ? a >> operand : 0;
    case NEG:
      return 0 - a;
    default:
      return a;
  }
}

/** Whether a conditional jump is taken. */
function compares(operation: i32, a: u32, operand: u32): bool {
  switch (operation) {
    case JEQ:
      return a === operand;
    case JGT:
      return a > operand;
    case JGE:
      return a >= operand;
    default:
      return (a & operand) !== 0;
  }
}
