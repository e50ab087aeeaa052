const UNITS: readonly (readonly [name: string, ns: number])[] = [
  ["ns", 1],
  ["µs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
];

/** A duration to three significant digits and never more than seven characters up to 999 s: `870ns`, `29.0µs`, `-1.20ms`. */
export function latencyText(ns: number): string {
  const size = Math.abs(ns);
  // 999,500 ns would round to 1000 µs: a unit ends where three digits do.
  const [name, unit] = UNITS.find(([, unit]) => size < unit * 999.5) ?? UNITS[UNITS.length - 1];
  const value = ns / unit;
  if (unit === 1) return `${Math.round(value)}${name}`;
  const digits = size / unit;
  return `${value.toFixed(digits < 9.995 ? 2 : digits < 99.95 ? 1 : 0)}${name}`;
}
