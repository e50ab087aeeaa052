/** When a rule was seen to be there, and not to be there any more, for the first time, epoch nanoseconds; undefined where it was there from the beginning, or to the end. */
export interface Stood {
  readonly byNs: bigint | undefined;
  readonly goneByNs: bigint | undefined;
}

/** `there by 17:23:55 and gone by 17:24:04`, in local time. */
export function stoodText({ byNs, goneByNs }: Stood): string {
  return [
    ...(byNs === undefined ? [] : [`there by ${timeOfDay(byNs)}`]),
    ...(goneByNs === undefined ? [] : [`gone by ${timeOfDay(goneByNs)}`]),
  ].join(" and ");
}

/** HH:MM:SS in local time, rounded up: by then, it was so. */
export function timeOfDay(timeNs: bigint): string {
  return new Date(Math.ceil(Number(timeNs / 1_000_000n) / 1000) * 1000).toTimeString().slice(0, 8);
}
