import type { Worker } from "node:worker_threads";

/** What a command needs of the process around it. `main.ts` gives the real one. */
export interface Host {
  readonly stdout: Output;
  readonly stderr: Console;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user wants an end (SIGINT, SIGTERM, SIGHUP) or nobody reads stdout any more. */
  readonly stop: AbortSignal;
  readonly version: string;
  /** The words of a command line that run natcorr again: a program, and what it is given. */
  readonly command: readonly string[];
  /** Where the file is that has Wireshark show what natcorr notes of frames. */
  readonly dissector: string;
  /** The folder of a profile of Wireshark's, with columns and colours for that. */
  readonly profile: string;
  /** Where the file is that shows a page's records in a browser. */
  readonly page: string;
  /** The thread that decodes, where it was started early. */
  readonly thread?: Worker | undefined;
  /** Calls back each time the user asks how far it is (SIGUSR1). */
  readonly onQuestion: (answer: () => void) => void;
}

/** A stream that can say it has enough for now. */
export interface Output {
  /** Whether a person reads it. */
  readonly isTerminal: boolean;
  /** Its width, where it is a terminal; 0 if that does not tell. */
  readonly columns: number | undefined;
  /** Takes text, or text as UTF-8; its bytes must stay as they are until `onTaken` is called. */
  write(text: string | Uint8Array, onTaken?: () => void): void;
  /** From now on, `write` waits until its reader has taken all: what is told at once may be more than a run holds. */
  block(): void;
  /** Resolves once the reader has caught up, at once if no more than `backlogBytes` (0) wait for it; and when it has gone. */
  drained(backlogBytes?: number): Promise<void>;
}

/** Where messages go. */
export interface Console {
  /** Whether it is a terminal on which what was shown can be replaced. */
  readonly isTerminal: boolean;
  /** Its height and its width, where it is a terminal. */
  readonly rows: number | undefined;
  readonly columns: number | undefined;
  write(text: string): void;
}
