import { type Entry, stages, tupleKey } from "./conntrack.js";
import type { Packet } from "./packet.js";
import { natName } from "./paths.js";
import type { Recording } from "./recording.js";
import { type FlowLine, tupleOf } from "./report.js";

/** The entries by which a packet that looks like one comes out looking like the other; an ICMP error goes against what it quotes. */
export function entriesOfForms({ paths }: Recording, before: Packet, after: Packet): Entry[] {
  const [from, to] = [tupleKey((before.quote ?? before).tuple), tupleKey((after.quote ?? after).tuple)];
  return paths.entries.filter((entry) =>
    [true, false].some((isForward) => {
      const [entering, , leaving] = stages(entry, isForward !== (before.quote !== undefined));
      return from === tupleKey(entering) && to === tupleKey(leaving);
    }),
  );
}

/** What is wrong with a flow that natcorr says is turned round on one side. */
export function checkTurned({ paths }: Recording, flow: FlowLine): string[] {
  const [inside, outside] = [tupleKey(tupleOf(flow.proto, flow.inside)), tupleKey(tupleOf(flow.proto, flow.outside))];
  const entry = paths.entries.find((known) => {
    const [entering, , leaving] = stages(known, true);
    return inside === tupleKey(entering) && outside === tupleKey(leaving);
  });
  if (entry === undefined) return ["conntrack knows no such translation"];
  const nat = natName(entry);
  return nat === flow.nat ? [] : [`nat is ${flow.nat}, conntrack says ${nat}`];
}
