const NS_PER_UNIT: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  // the Greek letter, which looks the same as the micro sign
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const DURATION = /^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?<unit>[a-zµμ]*)$/;

/**
 * Nanoseconds of a duration such as `1s`, `250ms`, `10us`, `5ns`, `2m`, `1h` or `-3.5s`; only 0 needs no unit. Exact however long it
 * is; undefined where the text is no duration or asks for fractions of a nanosecond.
 */
export function parseDuration(text: string): bigint | undefined {
  const { sign = "", whole = "", fraction = "", unit = "" } = DURATION.exec(text)?.groups ?? {};
  const unitNs = NS_PER_UNIT[unit === "" && Number(whole + fraction) === 0 ? "s" : unit];
  if (unitNs === undefined || whole + fraction === "") return undefined;
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * unitNs;
  if (scaled % scale !== 0n) return undefined;
  return sign === "-" ? -(scaled / scale) : scaled / scale;
}
