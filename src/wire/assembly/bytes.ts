/** Numbers as headers have them: the byte of most weight first. */

export function byteAt(at: i32): i32 {
  return load<u8>(at);
}

export function halfAt(at: i32): i32 {
  const word = <i32>load<u16>(at);
  return ((word & 0xff) << 8) | (word >>> 8);
}

export function wordAt(at: i32): i32 {
  return bswap<i32>(load<i32>(at));
}
