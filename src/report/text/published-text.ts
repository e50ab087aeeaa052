import { printable } from "../../packets/printable.js";
import { type Captured, everyAddress, type PublishedUse } from "../../packets/results/published.js";
import { saidFew } from "../../packets/results/sentence.js";
import { MOST_NAMED } from "./frames-text.js";
import { grouped } from "../grouped.js";
import type { Paint } from "./paint.js";
import { table, type TableColumn } from "./table.js";

/** Most ports that are shown: what can be read. NDJSON gives them all. */
const MOST_SHOWN = 50;
/** From so many ports on, what is the same of them is said once. */
const LEAST_ALIKE = 3;

const COLUMNS: readonly TableColumn[] = [
  { heading: "published", align: "left" },
  { heading: "by DNAT", align: "right" },
  { heading: "by docker-proxy", align: "right" },
  { heading: "dropped", align: "right" },
  { heading: "refused by host", align: "right" },
  { heading: "held by pid", align: "left" },
];

/** What went through each published port: flows by rules and by proxies, and packets that never got there; what else there is to say of one, below. Those that were not used come last. `isSoFar`: more may come. */
export function publishedText(published: readonly PublishedUse[], paint: Paint, isSoFar = false): string {
  if (published.length === 0) return "";
  const sorted = [...published.filter(isUsed), ...published.filter((each) => !isUsed(each))];
  const shown = sorted.slice(0, MOST_SHOWN);
  const rows = shown.map((each) => rowOf(each, paint, isSoFar));
  const hidden = sorted.length - rows.length;
  const more = hidden > 0 ? `… and ${hidden} more (--format ndjson lists them all)\n` : "";
  const notes = notesText(sorted, paint);
  const untold = notes.length > MOST_SHOWN ? `… and ${notes.length - MOST_SHOWN} more of these\n` : "";
  const told = `${notes.slice(0, MOST_SHOWN).join("")}${untold}${unseenText(shown.filter(isUnseen))}`;
  return `${paint.heading(isSoFar ? "Published ports so far" : "Published ports")}\n${table(COLUMNS, rows)}${more}${told}\n`;
}

function isUsed(use: PublishedUse): boolean {
  const { translated, proxied, unclear, fromInside, fromInsideUnclear, fromHost, fromHostUnclear } = use;
  const { fromElsewhere, fromElsewhereUnclear, fromUntold, fromUntoldUnclear, taken, dropped, refused, unknown } = use;
  const crossed = translated + proxied + unclear;
  const fromOthers = fromInside + fromInsideUnclear + fromElsewhere + fromElsewhereUnclear;
  const fromTheHost = fromHost + use.proxiedFromHost + fromHostUnclear;
  const conversations = fromOthers + fromUntold + fromUntoldUnclear + fromTheHost;
  return crossed + conversations + taken + dropped + refused + unknown > 0;
}

/** How many conversations are known to have gone through it by a rule, the host's own and those that were seen inside alone among them. */
function byRule({ translated, fromHost, fromInside, fromElsewhere, fromUntold }: PublishedUse): number {
  return translated + fromHost + fromInside + fromElsewhere + fromUntold;
}

function byProxy({ proxied, proxiedFromHost }: PublishedUse): number {
  return proxied + proxiedFromHost;
}

/** Whether nothing tells how often a port was called: what leads to it is not captured, or not all that was seen of it is known to be all. */
function isUnseen(use: PublishedUse): boolean {
  const { captured } = use;
  return captured === "none" ? byRule(use) + byProxy(use) === 0 : captured !== "all" && !isUsed(use);
}

/** Why calls of some containers may have passed unseen, and what would show them. */
const UNSEEN: readonly (readonly [Captured, (containers: string) => string])[] = [
  ["none", (text) => `no captured interface leads to ${text}; to count calls of those, capture what does, too`],
  ["lossy", (text) => `the captures of inside lost frames, and calls of ${text} may be among them`],
  [
    "untold",
    (text) =>
      `calls of ${text} may have passed unseen: nothing shows that a capture has all that passed an interface of theirs; those of natcorr live and dumpcap do, unfiltered`,
  ],
];

function unseenText(unseen: readonly PublishedUse[]): string {
  const lines = UNSEEN.map(([why, text]) => {
    const of = unseen.filter(({ captured }) => captured === why);
    const listed = [...new Set(of.map(({ container }) => printable(container)))];
    return listed.length === 0 ? "" : `- unclear: ${text(saidFew({ listed, count: listed.length }).text)}\n`;
  });
  return lines.join("");
}

function rowOf(use: PublishedUse, paint: Paint, isSoFar: boolean): string[] {
  const { fromHostUnclear, dropped, refused, isGone, pids } = use;
  const proxied = byProxy(use);
  const bad = (count: number): string => (count === 0 ? "0" : paint.bad(String(count)));
  // each of what the host began may be what a docker-proxy sends on, of which nothing shows a client
  const perhaps = fromHostUnclear === 0 ? String(proxied) : `${proxied}–${proxied + fromHostUnclear}`;
  const seen = isUsed(use) ? [String(byRule(use)), perhaps] : [isSoFar ? "none yet" : "unused", ""];
  const flows = isUnseen(use) ? ["unclear", ""] : seen;
  const held = pids?.length === 0 ? "none" : (pids?.join(" ") ?? "unread");
  return [placeText(use), ...flows, bad(dropped), bad(refused), isGone ? "gone" : held];
}

/** What the columns do not tell of a port. */
interface Note {
  readonly use: PublishedUse;
  readonly what: string;
  readonly count: number;
  readonly unit: "packet" | "conversation";
  /** What that means. */
  readonly meaning?: string;
  /** Whether what is counted may be each other port's that leads there. */
  readonly isShared?: boolean;
}

/** What the columns do not tell, in a line each; from LEAST_ALIKE on, ports of one container of which the same is said share one. */
function notesText(published: readonly PublishedUse[], paint: Paint): string[] {
  const alike = grouped(
    published.flatMap((use) => notesOf(use, paint)),
    ({ use, what, meaning, isShared, count }) =>
      JSON.stringify([
        use.proto,
        use.container,
        what,
        meaning,
        isShared === true ? [use.containerPort, count] : use.hostAddresses,
      ]),
  );
  return [...alike.values()].flatMap((notes) => {
    const { isShared = false, count } = notes[0];
    if (isShared) return noteText(notes, count);
    if (notes.length < LEAST_ALIKE) return notes.map((note) => noteText([note], note.count));
    return noteText(
      notes,
      notes.reduce((sum, note) => sum + note.count, 0),
    );
  });
}

function noteText(notes: readonly Note[], count: number): string {
  const [{ use, what, unit, meaning = "" }] = notes;
  const places = [...grouped(notes, (note) => note.use.hostAddresses.join(" ")).values()].map((some) =>
    placesText(some[0].use, rangesText(some.map((note) => note.use.hostPort))),
  );
  const to =
    new Set(notes.map(({ use: { containerPort } }) => containerPort)).size === 1 ? `:${use.containerPort}` : "";
  const place = printable(`${use.proto} ${places.join(" ")}→${use.container}${to}`);
  return `- ${place}: ${what}: ${count} ${unit}${count === 1 ? "" : "s"}${meaning}\n`;
}

/** Ports as `80,9110-9139`, the first of many ranges. */
function rangesText(ports: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const port of ports.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && port === last[1] + 1) last[1] = port;
    else ranges.push([port, port]);
  }
  const named = ranges.slice(0, MOST_NAMED).map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
  return `${named.join(",")}${ranges.length > MOST_NAMED ? ",…" : ""}`;
}

/** Conversations that the columns do not tell, in the order in which they are said: where they are counted, and what they are. */
const CONVERSATIONS = [
  ["unclear", "perhaps called (nothing tells which port it was, or whose by then)"],
  ["unheld", "called while no container held the port, after this one had"],
  ["misplaced", "called at another of the host's addresses, where it is not published"],
  ["fromInside", "called from inside, by a rule"],
  ["fromInsideUnclear", "the container was called from inside, by a rule or straight (nothing tells which)"],
  ["fromElsewhere", "called by an interface that is not captured"],
  [
    "fromElsewhereUnclear",
    "the container was called by an interface that is not captured, by a rule or straight (nothing tells which)",
  ],
  ["fromUntold", "called by a rule (nothing tells by which interface that came)"],
  [
    "fromUntoldUnclear",
    "the container was called, by a rule or straight (nothing tells which, nor by which interface)",
  ],
  ["fromHost", "called by the host itself"],
  ["proxiedFromHost", "called by the host itself, by docker-proxy"],
  ["fromHostUnclear", "the host called the container, by a rule, by a docker-proxy or straight (nothing tells which)"],
] as const satisfies readonly (readonly [keyof PublishedUse, string])[];
/** Those that may be each other port's that leads to the container. */
const SHARED: ReadonlySet<keyof PublishedUse> = new Set([
  "fromInsideUnclear",
  "fromElsewhereUnclear",
  "fromUntoldUnclear",
  "fromHostUnclear",
]);

/** What the columns do not tell of one. */
function notesOf(use: PublishedUse, paint: Paint): Note[] {
  const notes: Note[] = [
    ...closedNotes(use, paint),
    {
      use,
      what: `${paint.bad("refused")} by the container`,
      count: use.refusedInside,
      unit: "conversation",
      meaning: "; nobody listens there, or a rule of its own rejects them",
    },
    takenNote(use),
    ...CONVERSATIONS.map(
      ([key, what]): Note => ({
        use,
        what,
        count: use[key],
        unit: "conversation",
        isShared: SHARED.has(key),
      }),
    ),
    { use, what: "nothing tells what became of some", count: use.untold, unit: "packet" },
  ];
  return notes.filter(({ count }) => count > 0);
}

/** The rules that close it. */
function closedNotes(use: PublishedUse, paint: Paint): Note[] {
  return use.closedBy.map(({ rule, count, unseen = 0 }) => ({
    use,
    what: `${paint.bad("closed")} by ${printable(rule)}`,
    count,
    unit: "packet",
    meaning: unseen === 0 ? "" : `, ${unseen === count ? "none" : count - unseen} of them seen to be dropped`,
  }));
}

/** Calls that the host itself took. */
function takenNote(use: PublishedUse): Note {
  const { taken, fromHost, fromHostUnclear, isGone, pids = [] } = use;
  const isHeld = !isGone && pids.length > 0;
  return {
    use,
    what: `the host itself took the call${fromHost + fromHostUnclear > 0 ? "" : ", and was not seen to send it on"}`,
    count: taken,
    unit: "conversation",
    meaning: isHeld ? "; its docker-proxy has that port" : "; ss -lntup on the host shows who has that port",
  };
}

/** `tcp 88→web:80`; with the host's addresses where it is not on all. */
function placeText(use: PublishedUse): string {
  const { proto, hostPort, container, containerPort } = use;
  return printable(`${proto} ${placesText(use, String(hostPort))}→${container}:${containerPort}`);
}

function placesText({ hostAddresses }: PublishedUse, ports: string): string {
  const places = hostAddresses.map((address) => {
    if (address === everyAddress(address)) return ports;
    return address.includes(":") ? `[${address}]:${ports}` : `${address}:${ports}`;
  });
  return [...new Set(places)].join(" ");
}
