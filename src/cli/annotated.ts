import { FiledNotes } from "../capture/annotated/filed-notes.js";
import { PcapngWriter } from "../capture/pcapng-writer.js";
import type { AddressBook } from "../host/snapshot/address-book.js";
import type { FrameNotes } from "../packets/results/frame-notes.js";
import { addressesNamed } from "./addresses-named.js";
import { annotate } from "../pipeline/annotate.js";
import type { Captures } from "../pipeline/captures.js";

/** What wrote the file, as its readers are told: it is not what a run of natcorr captured. */
const WRITER = "natcorr file";

/** The captures once more, in one file, each frame with what became of it. */
export class Annotated {
  readonly #notes = new FiledNotes();
  readonly #writer: PcapngWriter;

  /** Creates the file, or empties it. Throws CaptureError where that is not possible. */
  constructor(path: string) {
    this.#writer = new PcapngWriter(path, [], WRITER);
  }

  /** To be told what became of frames. */
  get notes(): FrameNotes {
    return this.#notes;
  }

  /**
   * Writes the frames. `isAll`: also those of which nothing is noted. Throws CaptureError where a capture cannot be read any more, or the disk refuses.
   */
  async write(from: Captures, isAll: boolean, containers: AddressBook | undefined): Promise<void> {
    const names = [...(containers?.addressNames() ?? [])].map(
      ([address, called]) => [address, called.join("|")] as const,
    );
    this.#writer.names(addressesNamed(names));
    await annotate(from, this.#writer, this.#notes, isAll);
  }

  close(): void {
    this.#notes.close();
    this.#writer.close();
  }
}
