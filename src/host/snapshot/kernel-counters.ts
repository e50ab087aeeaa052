/** What is kept of what the kernel counts of packets, as nstat(8) names it. */
const KERNEL_COUNTERS = [
  "IpFragFails",
  "IpInAddrErrors",
  "IpExtInNoRoutes",
  "Ip6InNoRoutes",
  "Ip6InTooBigErrors",
  "TcpExtIPReversePathFilter",
];

/** Reads /proc/net/snmp and netstat, where a line of names stands before one of values, and snmp6, where each counter has a line: those of them that are kept. */
export function kernelCountersOf(text: string): Record<string, number> {
  const counters = new Map<string, number>();
  let names: readonly string[] = [];
  for (const line of text.split("\n")) {
    const [, group, words] = /^(\w+): (.*)$/.exec(line) ?? [];
    if (words === undefined) {
      const [name, value] = line.split(/\s+/);
      counters.set(name, Number(value));
    } else if (names[0] === group) {
      for (const [at, value] of words.split(" ").entries()) counters.set(`${group}${names[at + 1]}`, Number(value));
      names = [];
    } else names = [group, ...words.split(" ")];
  }
  return Object.fromEntries(
    KERNEL_COUNTERS.flatMap((name) => {
      const value = counters.get(name);
      return value === undefined || !Number.isInteger(value) ? [] : [[name, value]];
    }),
  );
}
