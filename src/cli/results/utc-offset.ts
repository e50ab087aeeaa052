/** Local time's lead over UTC at a time, seconds. */
export function utcOffset(epochSeconds: number): number {
  return -60 * new Date(epochSeconds * 1000).getTimezoneOffset();
}
