/** The README's questions, each answered by its command on a fixture's captures; and what it and the reference pages name. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { LEARN_BITS, REPLACE_BITS } from "../src/correlate/kernel/relations.js";
import { ALTERED_LEARN_BITS, ALTERED_REPLACE_BITS } from "../src/correlate/matchers/altered/candidates.js";
import { DECIDED_BITS } from "../src/correlate/matchers/order/doubts.js";
import { MISSED_BITS } from "../src/correlate/matchers/order/in-order.js";
import { HELD_BITS } from "../src/correlate/matchers/order/strays.js";
import { BY } from "../src/packets/results/evidence.js";
import { FINDINGS } from "../src/packets/results/finding-codes.js";
import { IMPACTS, VERDICTS } from "../src/packets/results/verdicts.js";
import { natcorr } from "./support/natcorr.js";

const ROOT = join(import.meta.dirname, "..");
const READMES = ["src/host", "src/correlate", "src/correlate/verdicts", "scripts/lab"].map((dir) => `${dir}/README.md`);

/** Commands by their questions, in words as a shell makes them. */
const COMMANDS = new Map(
  Array.from(
    readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/^\| (?<question>.*\?) \| `natcorr (?<command>.*)` \|$/gm),
    ({ groups: { question = "", command = "" } = {} }) => [
      question,
      Array.from(command.replaceAll("\\|", "|").matchAll(/'([^']*)'|(\S+)/g), ([, quoted, word]) => quoted ?? word),
    ],
  ),
);

/** By question: a fixture, and the answer in what the command prints. */
const ANSWERS: readonly (readonly [question: string, fixture: string, answers: readonly RegExp[]])[] = [
  [
    "what got lost, and which frames were that?",
    "mixed",
    [/^Packets that never arrived: 1 lost /, /^! LOST +udp 172\.17\.0\.4\.5353 > .* {2}flow 19 {2}inside #541\s/m],
  ],
  ["every packet that was lost for good, by itself?", "mixed", [/172\.17\.0\.4\.5353 > [^]*?#541/]],
  [
    "which of my containers loses packets?",
    "mixed",
    [
      /most lost packets first.*\n[^]*?lost 2\n +inside +\*172\.17\.0\.3\.59388 > |\n +10 .*\*172\.17\.0\.3\.59388 > .* 2\n/,
    ],
  ],
  ["what does the host refuse to forward, and why?", "mtu", [/⊘ refused: [^]*?fragmentation needed/i]],
  [
    "what became of one container's packets?",
    "mixed",
    [/ 172\.17\.0\.3 > 180\.101\.49\.11 id 783 → src 10\.0\.2\.15 /, /that were not selected/],
  ],
  ["what became of flow 7, and what says so?", "mixed", [/flow 7 #\d+(→|←)#\d+/, /by\s+fragments: ip-id, length/]],
  ["which connections were opened, and as what?", "tcp-snat", [/→ src 10\.0\.2\.15[^]*?\[S\] length 0/]],
  ["what took longer than 50 µs?", "mixed", [/^\d\d:\d\d:\d\d\.\d+ +(5|6|7|8|9)\d\.\dµs /m]],
  ["who sent the most?", "downloads", [/most bytes first.*\n/]],
  ["did anything leave untranslated?", "leak", [/! leak .* appears on outside untranslated/]],
  [
    "what was never answered?",
    "several-addresses",
    [/^! unanswered \(8 times\): sent on and never answered: [^]*?flows 3, 5, 4, 7 /m],
  ],
  ["whose port was changed?", "ping-clash", [/- port-rewritten /]],
];

it.each(ANSWERS)("%s", async (question, fixture, answers) => {
  const words = COMMANDS.get(question) ?? [];
  const captures: Readonly<Record<string, string>> = { "docker0.pcap": "inside.pcap", "enp0s3.pcap": "outside.pcap" };
  const args = words.map((word) => (captures[word] ? join(ROOT, "fixtures", fixture, captures[word]) : word));
  const { code, stdout } = await natcorr(...args);
  expect([question, code]).toEqual([question, 0]);
  for (const answer of answers) expect(stdout).toMatch(answer);
});

it("leaves no question unanswered", () => {
  expect([...COMMANDS.keys()]).toEqual(ANSWERS.map(([question]) => question));
});

it("names every verdict, impact and finding, and the reference page says what each takes", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const page = readFileSync(join(ROOT, "src/correlate/verdicts/README.md"), "utf8");
  const host = readFileSync(join(ROOT, "src/host/README.md"), "utf8");
  const words = [...VERDICTS, ...IMPACTS, ...Object.keys(FINDINGS)];
  expect(words.filter((word) => !readme.includes(`\`${word}\``))).toEqual([]);
  expect(words.filter((word) => !`${page}${host}`.includes(`\`${word}\``))).toEqual([]);
});

it("links to pages and headings that are there", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "src/LIMITS.md", ...READMES];
  const broken = pages.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    const links = [...text.matchAll(/\]\((?!https?:)(?<path>[^)#]*)(?:#(?<heading>[^)]*))?\)/g)];
    return links.flatMap(({ groups: { path = "", heading = "" } = {} }) => {
      const target = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
      if (!existsSync(target)) return [`${page}: ${path}`];
      if (heading === "") return [];
      const headings = [...readFileSync(target, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, words]) => slugOf(words));
      return headings.includes(heading) ? [] : [`${page}: #${heading}`];
    });
  });
  expect(broken).toEqual([]);
});

/** The name of a heading in links, as GitHub makes it. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

it("the table of how seldom a pair may be wrong has the bounds that decide, and every way to pair", () => {
  const page = readFileSync(join(ROOT, "src/correlate/README.md"), "utf8");
  const [, section = ""] = page.split("### How seldom a pair may be wrong");
  const rows = Array.from(section.split("\n## ")[0].matchAll(/^\| (.*?) \| (.*?) \| (.*?) \|$/gm)).slice(2);
  const bounds = rows.map(([, what, , bound]) => [
    what.split(",")[0],
    [...bound.matchAll(/2\^(\d+)/g)].map(([, bits]) => Number(bits)),
  ]);
  expect(bounds.slice(0, 3)).toEqual([
    ["the first pair of a translation", [LEARN_BITS]],
    ["… where the router rewrites more", [ALTERED_LEARN_BITS]],
    ["the first pair of one that contradicts a known translation", [REPLACE_BITS, ALTERED_REPLACE_BITS]],
  ]);
  expect(bounds.slice(4, 7)).toEqual([
    ["which of equal packets of a flow it is", [DECIDED_BITS]],
    ["… where they miss some", [MISSED_BITS]],
    ["… where single packets are held up", [HELD_BITS]],
  ]);
  const named = new Set(rows.flatMap(([, , by]) => [...by.matchAll(/`([a-z]+)`/g)].map(([, name]) => name)));
  expect([...named].sort()).toEqual([...BY].sort());
});
