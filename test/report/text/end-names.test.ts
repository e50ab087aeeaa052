import { expect, it } from "vitest";
import { NO_CONTAINERS } from "../../../src/packets/results/containers.js";
import { said, saidAddress } from "../../../src/packets/results/sentence.js";
import { AnsweredEnds } from "../../../src/report/answered-ends.js";
import { EndNames } from "../../../src/report/text/end-names.js";
import { HandFilled } from "../tables.js";

/** Names, of which an address is the one that `nameOf` says. */
function namesBy(nameOf: (address: string) => string): EndNames {
  return new EndNames({
    ...NO_CONTAINERS,
    having: (address) => ({ name: nameOf(address), words: new Set([nameOf(address)]), ids: new Set() }),
  });
}

/** What is said at the end, when so many addresses were shown. */
function legendOf(names: EndNames, addresses: number): string {
  for (let at = 0; at < addresses; at++)
    names.of(
      { src: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, dst: "10.255.255.255" },
      [undefined, undefined],
      null,
      0n,
    );
  return names.legend();
}

it("of a name that stands for many addresses, the first are listed", () => {
  const legend = legendOf(
    namesBy(() => "web"),
    20,
  );
  expect(legend).toBe(
    "containers: web 10.0.0.0 10.255.255.255 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 …\n",
  );
});

it.each([
  [99, / and 50 more\n$/],
  [12_000, / and at least 9950 more\n$/],
])("of %i names, the first are listed, and the others counted up to a limit", (addresses, more) => {
  const legend = legendOf(
    namesBy((address) => `${address}-of`),
    addresses,
  );
  expect(legend).toMatch(/^containers: 10\.0\.0\.0-of 10\.0\.0\.0, /);
  expect(legend).toMatch(more);
});

it.each([
  ["www.example", "www.example"],
  ["_sip.xn--p1ai", "_sip.xn--p1ai"],
  // what may be taken for an address, an address with a port, or a container, and what a terminal must not get
  ["1.2.3.4", "9.9.9.9"],
  ["web.80", "9.9.9.9"],
  ["web", "9.9.9.9"],
  ["a\\.b.example", "9.9.9.9"],
  ["\\027[31m.example", "9.9.9.9"],
  [undefined, "9.9.9.9"],
])("DNS's name %s stands for an address as %s", (called, shown) => {
  const names = new EndNames();
  expect(names.of({ src: "10.0.0.1", dst: "9.9.9.9" }, [undefined, called], null, 0n).dst).toBe(shown);
  expect(names.legend()).toBe(shown === "9.9.9.9" ? "" : `names by DNS answers: ${shown} 9.9.9.9\n`);
});

it("a container's name comes first", () => {
  const names = namesBy(() => "web");
  expect(names.of({ src: "10.0.0.1", dst: "10.0.0.2" }, ["db.example", undefined], null, 0n).src).toBe("web");
  expect(names.legend()).toBe("containers: web 10.0.0.1 10.0.0.2\n");
});

it("explains the addresses that stand in a sentence", () => {
  const known = new Map([
    ["172.17.0.2", "web"],
    ["fd00:17::3", "db"],
  ]);
  const names = new EndNames({
    ...NO_CONTAINERS,
    having: (address, fromNs) => {
      const name = known.get(address);
      return name === undefined || fromNs < 7n ? undefined : { name, words: new Set([name]), ids: new Set<string>() };
    },
  });
  names.explain("sent on and never answered: tcp 172.17.0.2.4000 > 10.9.9.9.80, at 12:30", 6n);
  expect(names.legend()).toBe("");
  names.explain("sent on and never answered: tcp 172.17.0.2.4000 > 10.9.9.9.80, udp fd00:17::3.5 > fd00::1.53", 7n);
  expect(names.legend()).toBe("containers: web 172.17.0.2, db fd00:17::3\n");
});

it("a sentence names ends by who had their addresses meanwhile, and leaves those that it quotes as they are", () => {
  const names = new EndNames({
    ...NO_CONTAINERS,
    having: (address, fromNs, throughNs = fromNs) =>
      address === "172.17.0.2" && fromNs >= 1010n && throughNs <= 1030n
        ? { name: "web", words: new Set(), ids: new Set() }
        : undefined,
  });
  const tables = new HandFilled();
  const answers = {
    mayName: () => true,
    nameOf: (address: string, client: string, sinceNs: bigint) =>
      address === "9.9.9.9" && client === "172.17.0.2" && sinceNs === 1010n ? "www.example" : undefined,
  };
  const answered = new AnsweredEnds(tables, answers, NO_CONTAINERS);
  const sentenceOf = (fromNs: number, throughNs: number): string => {
    const web = saidAddress("172.17.0.2", { fromNs, throughNs });
    const beyond = saidAddress("9.9.9.9", { peer: "172.17.0.2", fromNs, throughNs });
    return names.sentence(said`${web}.80 > ${beyond}.443, though -s 172.17.0.2 matches`, answered, 1000n);
  };
  expect(sentenceOf(10, 30)).toBe("web.80 > www.example.443, though -s 172.17.0.2 matches");
  expect(names.legend()).toBe("containers: web 172.17.0.2\nnames by DNS answers: www.example 9.9.9.9\n");
  // another one had it before, or has it since
  expect(sentenceOf(9, 30)).toBe("172.17.0.2.80 > 9.9.9.9.443, though -s 172.17.0.2 matches");
  expect(sentenceOf(10, 31)).toBe("172.17.0.2.80 > www.example.443, though -s 172.17.0.2 matches");
  // beyond the outside, another host's container has that address
  const another = saidAddress("172.17.0.2", { isBeyond: true, fromNs: 10, throughNs: 30 });
  expect(names.sentence(another, answered, 1000n)).toBe("172.17.0.2");
});
