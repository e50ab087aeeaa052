/** A capture that cannot be used at all. Its message is complete: what happened, where, and what to do. */
export class CaptureError extends Error {
  override name = "CaptureError";
  /** Where there are several ways to mend it, those, a line each. */
  readonly advice: readonly string[];

  constructor(message: string, advice: readonly string[] = []) {
    super(message);
    this.advice = advice;
  }
}

/** Nobody reads a FIFO that is written to: yet, or any more. */
export class UnreadError extends CaptureError {
  override name = "UnreadError";
}

/** A pcap filter that libpcap does not take. The message is complete: the filter, what libpcap says, and where. */
export class FilterError extends Error {
  override name = "FilterError";
}

/**
 * Bytes that cannot be read or decompressed any further. The message says what is wrong and leaves out where:
 * whoever counts the frames adds file, frame and byte.
 */
export class DamageError extends Error {
  override name = "DamageError";
}

/** That a file cannot be written, and why. */
export function notWritten(path: string, error: unknown): CaptureError {
  return new CaptureError(`${path}: cannot be written: ${messageOf(error)}`);
}

/** An error's message, for text that goes on to say where it happened. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
