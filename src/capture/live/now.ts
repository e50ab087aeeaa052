/** What time it is, epoch nanoseconds, to the millisecond. */
export function epochNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
