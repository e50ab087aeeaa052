import { FiledNotes } from "../../capture/annotated/filed-notes.js";
import { type AddressName, PcapngWriter } from "../../capture/pcapng-writer.js";
import type { FrameNotes } from "../../packets/results/frame-notes.js";
import { annotate } from "./annotate.js";
import type { Captures } from "../captures.js";

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
   * Writes the frames. `isAll`: also those of which nothing is noted. `names`: what addresses are called. Throws CaptureError where a capture cannot be read any more, or the disk refuses.
   */
  async write(from: Captures, isAll: boolean, names: readonly AddressName[]): Promise<void> {
    this.#writer.names(names);
    await annotate(from, this.#writer, this.#notes, isAll);
  }

  close(): void {
    this.#notes.close();
    this.#writer.close();
  }
}
