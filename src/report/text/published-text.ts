import { printable } from "../../packets/printable.js";
import { everyAddress, type PublishedUse } from "../../packets/results/published.js";
import type { Paint } from "./paint.js";
import { table, type TableColumn } from "./table.js";

/** Most ports that are shown: what can be read. NDJSON gives them all. */
const MOST_SHOWN = 50;

const COLUMNS: readonly TableColumn[] = [
  { heading: "published", align: "left" },
  { heading: "by DNAT", align: "right" },
  { heading: "by docker-proxy", align: "right" },
  { heading: "dropped", align: "right" },
  { heading: "refused", align: "right" },
  { heading: "held by pid", align: "left" },
];

/** What went through each published port: flows by rules and by proxies, and packets that never got there; what else there is to say of one, below. Those that were not used come last. */
export function publishedText(published: readonly PublishedUse[], paint: Paint): string {
  if (published.length === 0) return "";
  const sorted = [...published.filter(isUsed), ...published.filter((each) => !isUsed(each))];
  const shown = sorted.slice(0, MOST_SHOWN);
  const rows = shown.map((each) => rowOf(each, paint));
  const hidden = sorted.length - rows.length;
  const more = hidden > 0 ? `… and ${hidden} more (--format ndjson lists them all)\n` : "";
  const notes = shown.flatMap((each) => notesOf(each, paint).map((note) => `- ${placeText(each)}: ${note}\n`));
  return `${paint.heading("Published ports")}\n${table(COLUMNS, rows)}${more}${notes.join("")}\n`;
}

function isUsed(use: PublishedUse): boolean {
  const { translated, proxied, unclear, fromHost, fromHostUnclear, dropped, refused, unknown } = use;
  return translated + proxied + unclear + fromHost + fromHostUnclear + dropped + refused + unknown > 0;
}

function rowOf(use: PublishedUse, paint: Paint): string[] {
  const { translated, proxied, dropped, refused, pids } = use;
  const bad = (count: number): string => (count === 0 ? "0" : paint.bad(String(count)));
  const flows = isUsed(use) ? [String(translated), String(proxied)] : ["unused", ""];
  return [placeText(use), ...flows, bad(dropped), bad(refused), pids.join(" ")];
}

/** What the columns do not tell. */
function notesOf(use: PublishedUse, paint: Paint): string[] {
  const {
    container,
    containerPort,
    hostPort,
    unclear,
    fromHost,
    fromHostUnclear,
    refusedInside,
    dropped,
    unknown,
    closedBy,
  } = use;
  const to = printable(`${container}:${containerPort}`);
  const notes = closedBy.map(
    ({ rule, count }) => `${paint.bad("closed")} by ${printable(rule)}: ${counted(count, "packet")}`,
  );
  if (refusedInside > 0)
    notes.push(
      `${paint.bad("refused")} by the container: ${counted(refusedInside, "conversation")}; nobody listens at ${to}, or a rule of its own rejects them`,
    );
  if (unclear > 0)
    notes.push(
      `nothing tells whose port ${hostPort} was when it was called, or by which port ${to} was: ${counted(unclear, "conversation")}`,
    );
  if (fromHost > 0) notes.push(`called by the host itself: ${counted(fromHost, "conversation")}`);
  if (fromHostUnclear > 0)
    notes.push(
      `the host called ${to}, by this port, by a docker-proxy or straight (nothing tells which): ${counted(fromHostUnclear, "conversation")}`,
    );
  const untold = Math.min(unknown, dropped + unknown - closedBy.reduce((sum, { count }) => sum + count, 0));
  if (untold > 0) notes.push(`nothing tells what became of ${counted(untold, "packet")}`);
  return notes;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** `tcp 88→web:80`; with the host's addresses where it is not on all. */
function placeText({ proto, hostAddresses, hostPort, container, containerPort }: PublishedUse): string {
  const places = hostAddresses.map((address) => {
    if (address === everyAddress(address)) return String(hostPort);
    return address.includes(":") ? `[${address}]:${hostPort}` : `${address}:${hostPort}`;
  });
  return printable(`${proto} ${[...new Set(places)].join(" ")}→${container}:${containerPort}`);
}
