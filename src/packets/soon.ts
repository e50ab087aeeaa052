/** What is at hand, or else a promise of it: to wait for what is there takes longer than many a thing that is done with it. */
export type Soon<T> = T | Promise<T>;

/** Goes on with a value, at once where it is at hand. */
export function whenThere<T, U>(value: Soon<T>, goOn: (value: T) => Soon<U>): Soon<U> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}

/** Does something again and again until it gives something else than undefined. */
export function untilGiven<T>(step: () => Soon<T | undefined>): Soon<T> {
  for (;;) {
    const given = step();
    if (given instanceof Promise) return given.then((value) => (value === undefined ? untilGiven(step) : value));
    if (given !== undefined) return given;
  }
}
