import { addressText } from "./address.js";
import type { Frame } from "./capture.js";
import { type Entry, reversed, tupleKey } from "./conntrack.js";
import type { Tuple } from "./packet.js";
import { checkTurned } from "./hairpins.js";
import { natName, type Path, shared } from "./paths.js";
import type { Recording } from "./recording.js";
import { type FlowLine, type Report, type SideName, tupleOf } from "./report.js";
import { entriesSeenOnBothSides } from "./missed.js";

/** Every flow must be one of conntrack's, told of as it is; and every translation that both captures saw must be a flow. */
export function checkFlows(recording: Recording, report: Report): string[] {
  const problems = report.flows.flatMap((flow) => checkFlow(recording, report, flow));
  const whole = report.flows.filter((flow) => !isPortless(flow));
  const found = new Set(whole.flatMap((flow) => flowEntries(recording, flow)));
  for (const { original, reply } of [...entriesSeenOnBothSides(recording)].filter((entry) => !found.has(entry))) {
    problems.push(`missed: no flow for conntrack's ${tupleText(original)}, answered by ${tupleText(reply)}`);
  }
  return problems;
}

function tupleText({ proto, src, srcPort, dst, dstPort }: Tuple): string {
  return `protocol ${proto}, ${addressText(src)} port or id ${srcPort} to ${addressText(dst)} port or id ${dstPort}`;
}

/** The conntrack entries that a flow can stand for. */
export function flowEntries(recording: Recording, flow: FlowLine): Entry[] {
  return flowPaths(recording, flow).map(({ entry }) => entry);
}

// A flow is told in its initiator's direction, but may be known by the answers alone: they are turned round then. What has no
// ports does not tell who began it.
function flowPaths({ paths }: Recording, flow: FlowLine): Path[] {
  const [inside, outside] = [tupleOf(flow.proto, flow.inside), tupleOf(flow.proto, flow.outside)];
  const asTold = shared(paths.on("inside", inside), paths.on("outside", outside));
  const turned = shared(paths.on("inside", reversed(inside)), paths.on("outside", reversed(outside)));
  if (isPortless(flow)) return [...asTold, ...turned];
  return [...asTold.filter((path) => path.isForward), ...turned.filter((path) => !path.isForward)];
}

function checkFlow(recording: Recording, report: Report, flow: FlowLine): string[] {
  const problems: string[] = [];
  const pairs = report.pairs.filter((pair) => pair.flow === flow.flow).length;
  if (pairs !== flow.pairs) problems.push(`says ${flow.pairs} pairs, ${pairs} are listed`);
  if (flow.side !== undefined && flow.nat !== "proxy") problems.push(...checkTurned(recording, flow));
  else if (flow.nat === "proxy") problems.push(...checkProxy(recording, flow));
  else problems.push(...checkTranslation(recording, flow));
  const told = problems.map((problem) => `flow ${flow.flow}: ${problem}`);
  if (isPortless(flow)) told.push(`missed: flow ${flow.flow} has no ports or ICMP id, conntrack's have`);
  return told;
}

/** Later fragments and ICMP errors by themselves show addresses only. */
function isPortless({ proto, inside }: FlowLine): boolean {
  return ["tcp", "udp", "icmp", "icmpv6"].includes(proto) && !inside.srcPort && inside.icmpId === undefined;
}

function checkTranslation(recording: Recording, flow: FlowLine): string[] {
  const paths = flowPaths(recording, flow);
  if (paths.length === 0) return isForwardedAsItIs(recording, flow) ? [] : ["conntrack knows no such translation"];
  if (isPortless(flow)) return [];
  // of what the captures do not tell, nothing is said that could be wrong
  if (flow.initiator === "unknown") return [];
  const forward = paths.filter((path) => path.initiator === flow.initiator);
  if (forward.length === 0) return ["conntrack says the other side began it"];
  return forward.some((path) => couldBeCalled(flow.nat, natName(path.entry))) || isForwardedAsItIs(recording, flow)
    ? []
    : [`nat is ${flow.nat}, conntrack says ${natName(forward[0].entry)}`];
}

// A capture on a bridge shows half of some translations only (see Paths): part of the name may be all that could be seen.
function couldBeCalled(nat: string, name: string): boolean {
  return nat === name || nat.split("+").every((part) => name.split("+").includes(part));
}

/** Untranslated, and seen so in both captures, in one direction at least: a leak, forwarding that conntrack was not asked about, or what it took for invalid. */
function isForwardedAsItIs(recording: Recording, flow: FlowLine): boolean {
  const tuple = tupleOf(flow.proto, flow.inside);
  if (flow.nat !== "none" || tupleKey(tuple) !== tupleKey(tupleOf(flow.proto, flow.outside))) return false;
  return [tuple, reversed(tuple)].map(tupleKey).some((key) => {
    const isIt = ({ packet }: Frame) => packet !== undefined && tupleKey((packet.quote ?? packet).tuple) === key;
    return recording.inside.some(isIt) && recording.outside.some(isIt);
  });
}

/** docker-proxy has two connections, each with an untranslated entry of its own. */
function checkProxy({ paths }: Recording, flow: FlowLine): string[] {
  const isKnown = (side: SideName) => {
    const key = tupleKey(tupleOf(flow.proto, flow[side]));
    return paths.entries.some(({ original, reply }) => tupleKey(original) === key && tupleKey(reversed(reply)) === key);
  };
  return (["inside", "outside"] as const)
    .filter((side) => !isKnown(side))
    .map((side) => `conntrack knows no connection of the host's own like its ${side} one`);
}
