/** The first place of `from` … `to`-1 that is not before what is looked for; `to` where all are. Precondition: none behind it is, either. */
export function firstNotBefore(from: number, to: number, isBefore: (place: number) => boolean): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
