import type { Write } from "../reporter.js";

/** Characters gathered before they are handed on: a write a line would cost more than making the line. */
const CHUNK_CHARACTERS = 65_536;

/** Gathers text into chunks that are worth a write. */
export class Buffered {
  #text = "";
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= CHUNK_CHARACTERS) this.flush();
  }

  flush(): void {
    if (this.#text === "") return;
    this.#write(this.#text);
    this.#text = "";
  }
}
