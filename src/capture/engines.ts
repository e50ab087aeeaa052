/**
 * What captures, and how far its stamps may be from when frames passed, on the clock of the host, nanoseconds: libpcap's are the kernel's own; cap's are when
 * JavaScript gets the frames, which may be in another order than they passed.
 */
export const ENGINES = { libpcap: 0, cap: 50_000_000 } as const;

export type Engine = keyof typeof ENGINES;

/** Whether that is the name of one. */
export function isEngine(text: string): text is Engine {
  return Object.hasOwn(ENGINES, text);
}
