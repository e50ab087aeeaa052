/** What is at hand, or else a promise of it: to wait for what is there takes longer than many a thing that is done with it. */
export type Soon<T> = T | Promise<T>;
