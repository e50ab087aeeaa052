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

/** What went through each published port: flows by rules and by proxies, and packets that never got there. Those that were not used come last. */
export function publishedText(published: readonly PublishedUse[], paint: Paint): string {
  if (published.length === 0) return "";
  const sorted = [...published.filter(isUsed), ...published.filter((each) => !isUsed(each))];
  const rows = sorted.slice(0, MOST_SHOWN).map((each) => rowOf(each, paint));
  const hidden = sorted.length - rows.length;
  const more = hidden > 0 ? `… and ${hidden} more (--format ndjson lists them all)\n` : "";
  return `${paint.heading("Published ports")}\n${table(COLUMNS, rows)}${more}\n`;
}

function isUsed({ translated, proxied, dropped, refused }: PublishedUse): boolean {
  return translated + proxied + dropped + refused > 0;
}

function rowOf(use: PublishedUse, paint: Paint): string[] {
  const { translated, proxied, dropped, refused, pids } = use;
  const bad = (count: number): string => (count === 0 ? "0" : paint.bad(String(count)));
  const flows = isUsed(use) ? [String(translated), String(proxied)] : ["unused", ""];
  return [placeText(use), ...flows, bad(dropped), bad(refused), pids.join(" ")];
}

/** `tcp 88→web:80`; with the host's addresses where it is not on all. */
function placeText({ proto, hostAddresses, hostPort, container, containerPort }: PublishedUse): string {
  const places = hostAddresses.map((address) => {
    if (address === everyAddress(address)) return String(hostPort);
    return address.includes(":") ? `[${address}]:${hostPort}` : `${address}:${hostPort}`;
  });
  return printable(`${proto} ${[...new Set(places)].join(" ")}→${container}:${containerPort}`);
}
