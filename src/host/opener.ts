import { copyOf, type FlowSummary, type Translation } from "../packets/results/results.js";
import type { ConntrackTable } from "./conntrack-table.js";
import { comingIn, entriesOf } from "./entries-of.js";
import { begunBy, tupleText } from "./tuples.js";

/** Who began a flow's translation; undefined where nobody tells. */
export type Opener = "inside" | "outside" | undefined;

/** Who sent the packet that conntrack made an entry for, as rules are asked about that one alone; undefined where it has none of the flow, or of both. */
export function openerByEntries(flow: Translation, table: ConntrackTable): Opener {
  const outsideText = tupleText(flow.proto, comingIn(flow).fromOutside);
  const openers = new Set(
    entriesOf(flow, table).confirming.map(({ originalText }) => (originalText === outsideText ? "outside" : "inside")),
  );
  const [opener] = openers;
  return openers.size === 1 ? opener : undefined;
}

/** A flow's summary, once it is known who began it. */
export function summaryBegunBy(flow: FlowSummary, opener: "inside" | "outside"): FlowSummary {
  return { ...copyOf(flow), ...begunBy(flow, opener) };
}
