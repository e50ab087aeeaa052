/**
 * As much of AssemblyScript as is used, as TypeScript sees it: all numbers are alike. Beside what it computes with, a module has nothing but its
 * functions, so that TypeScript checks them, and calls of them, like its own.
 */
/* oxlint-disable typescript/no-unnecessary-type-parameters -- what is at an address has the type that is asked for */
type i8 = number;
type u8 = number;
type u16 = number;
type i32 = number;
type u32 = number;
type i64 = number;
type u64 = number;
type usize = number;
type f32 = number;
type f64 = number;
type bool = boolean;
type v128 = object;

declare function load<T>(at: usize, offset?: usize): T;
declare function store<T>(at: usize, value: T, offset?: usize): void;
declare function abs<T>(x: T): T;
declare function max<T>(a: T, b: T): T;
declare function min<T>(a: T, b: T): T;
declare function floor<T>(x: T): T;
declare function clz<T>(x: T): T;
declare function ctz<T>(x: T): T;
declare function rotl<T>(x: T, bits: T): T;
declare function bswap<T>(x: T): T;
declare function reinterpret<T>(x: number): T;
declare function assert(isSo: boolean, message?: string): void;

declare function i32(x: number | boolean): i32;
declare namespace i32 {
  const MAX_VALUE: i32;
}
declare namespace memory {
  function copy(to: usize, from: usize, bytes: usize): void;
  function fill(to: usize, value: u8, bytes: usize): void;
}
declare namespace v128 {
  function load(at: usize, offset?: usize): v128;
  function store(at: usize, value: v128, offset?: usize): void;
}
declare namespace i32x4 {
  function all_true(x: v128): bool;
  function bitmask(x: v128): i32;
  function eq(a: v128, b: v128): v128;
  function lt_u(a: v128, b: v128): v128;
  function splat(x: i32): v128;
}
