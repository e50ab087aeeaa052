import { ConntrackTable } from "./conntrack-table.js";

/** conntrack's entries as a snapshot lists them, which is read once as long as it is the same. */
export class Listing {
  #text: string | undefined;
  #table = new ConntrackTable();

  /** Those of a list; none where there is no list. */
  of(text: string | undefined): ConntrackTable {
    if (text !== this.#text) {
      this.#text = text;
      this.#table = new ConntrackTable();
      if (text !== undefined) this.#table.read(text);
    }
    return this.#table;
  }
}
