import { addressWords } from "../../host/address.js";
import type { Containers } from "../../packets/results/containers.js";
import type { Tables } from "../../packets/results/results.js";
import type { FrameFilter } from "../../pipeline/frame-filter.js";
import { HeaderFilter } from "../../pipeline/header-filter.js";
import { headerOf } from "../../pipeline/header-of.js";
import { ETHERNET_BYTES } from "../../protocols/link-types.js";
import { otherFormOf } from "../../report/other-form.js";

/** Whether a pcap filter selects packets without a twin by what they are on the other side, where that is known. */
export class TwinSelection {
  readonly #filter: HeaderFilter;
  readonly #containers: Pick<Containers, "insideOf">;

  constructor(filter: FrameFilter, containers: Pick<Containers, "insideOf">) {
    this.#filter = new HeaderFilter(filter);
    this.#containers = containers;
  }

  selects(tables: Tables, row: number): boolean {
    const form = otherFormOf(tables, this.#containers, row);
    if (form === undefined) return false;
    const [src, dst] = [addressWords(form.ends.src), addressWords(form.ends.dst)];
    if (src === null || dst === null) return false;
    return this.#filter.selects(headerOf(tables, row, src, dst, form.ends), ETHERNET_BYTES + tables.lengthOf(row));
  }
}
