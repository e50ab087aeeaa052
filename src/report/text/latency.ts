const UNITS: readonly { readonly name: string; readonly ns: number }[] = [
  { name: "ns", ns: 1 },
  { name: "µs", ns: 1e3 },
  { name: "ms", ns: 1e6 },
  { name: "s", ns: 1e9 },
];

/** A duration to three significant digits and never more than seven characters up to 999 s: `870ns`, `29.0µs`, `-1.20ms`. */
export function latencyText(ns: number): string {
  const size = Math.abs(ns);
  // 999,500 ns would round to 1000 µs: a unit ends where three digits do.
  const unit = UNITS.find((unit) => size < unit.ns * 999.5) ?? UNITS[UNITS.length - 1];
  const value = ns / unit.ns;
  if (unit.ns === 1) return `${Math.round(value)}${unit.name}`;
  const digits = size / unit.ns;
  return `${value.toFixed(digits < 9.995 ? 2 : digits < 99.95 ? 1 : 0)}${unit.name}`;
}
