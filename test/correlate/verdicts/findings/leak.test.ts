import { expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { type HostRules, NO_RULES, type Ruling } from "../../../../src/packets/results/host-rules.js";
import { ACK, RST } from "../../../../src/protocols/tcp.js";
import { CONTAINER, conversation, HOST, merged, segment, SERVER, SYN, SYN_ACK } from "../../traffic.js";
import { Scene } from "./scene.js";

const S = 1_000_000;
const known = conversation(40);

/** Connections to another network that are opened: by which of the two sides, and from or to whom. */
function seen(isInside: boolean, asker: string, answered: string, flags = SYN_ACK): Stamped[] {
  return [1, 2, 3, 4].flatMap((n) => {
    const syn = { src: asker, dst: SERVER, srcPort: 7000 + n, dstPort: 8080, seq: 5000 * n, ack: 0, flags: SYN };
    const both = { src: SERVER, dst: answered, srcPort: 8080, dstPort: 7000 + n, seq: 900 * n, ack: 5000 * n + 1 };
    const lateUs = isInside ? 0 : 20;
    return [
      us(S + 10_000 * n + lateUs, segment({ ...syn, ipId: 100 + n, ttl: isInside ? 64 : 63 })),
      us(S + 10_000 * n + 500 - lateUs, segment({ ...both, flags, ipId: 0, ttl: isInside ? 63 : 64 })),
    ];
  });
}

const codes = async (inside: readonly Stamped[], outside: readonly Stamped[]) =>
  (await outcomeOf(merged(known.inside, inside), merged(known.outside, outside))).findings.map(({ code }) => code);

it("an address that the NAT hides and that sends as it is leaks", async () => {
  const asked = [true, false].map((isInside) => seen(isInside, CONTAINER, CONTAINER).filter((_, at) => at % 2 === 0));
  expect(await codes(asked[0], asked[1])).toContain("leak");
});

it("one does not that is answered as it is: a rule may exempt whom it calls", async () => {
  const found = await codes(seen(true, CONTAINER, CONTAINER), seen(false, CONTAINER, CONTAINER));
  expect(found).toContain("untranslated");
  expect(found).not.toContain("leak");
});

it("a reset is no such answer: who gets a segment of no connection that he knows sends one", async () => {
  const all = [true, false].map((isInside) =>
    seen(isInside, CONTAINER, CONTAINER, RST | ACK).filter((_, at) => at < 4),
  );
  expect(await codes(all[0], all[1])).toContain("leak");
});

it("one does not that is only in answers, which a bridge shows with the NAT undone", async () => {
  expect(await codes(seen(true, CONTAINER, CONTAINER), seen(false, HOST, CONTAINER))).not.toContain("leak");
});

/**
 * What is found of datagrams to an address that leave untranslated, where connections to others are opened so, and answered: as they are called, or by an
 * address that stands for them.
 */
async function foundOf(to: string, answering: readonly string[], service?: string) {
  const scene = new Scene();
  for (const [at, server] of answering.entries()) {
    const { port, ms } = { port: 40_000 + at, ms: 1000 + 100 * at };
    const of = { srcPort: port, dstPort: 80, seq: 1000, ack: 0 };
    const back = { srcPort: 80, dstPort: port, seq: 5000, ack: 1001, flags: SYN_ACK, ipId: 950 + at };
    const [ttl, lower] = [64, 63];
    for (const [n, numbers] of [{ flags: SYN }, { seq: 1001, ack: 5001 }].entries()) {
      const there = { src: CONTAINER, ...of, ...numbers, ipId: 900 + 2 * at + n };
      scene.alone(ms + 2 * n, "inside", segment({ ...there, dst: service ?? server, ttl }));
      scene.alone(ms + 2 * n + 0.02, "outside", segment({ ...there, dst: server, ttl: lower }));
    }
    scene.alone(ms + 1, "outside", segment({ ...back, src: server, dst: CONTAINER, ttl }));
    scene.alone(ms + 1.02, "inside", segment({ ...back, src: service ?? server, dst: CONTAINER, ttl: lower }));
  }
  for (const n of [0, 1, 2]) scene.datagram(2000 + n, { nat: CONTAINER, server: to, service: 8125 }, `count ${n}`);
  return (await scene.until(4000).outcome()).findings.map(({ code }) => code);
}

it("one does not that only asks, if others to the same address are answered as they are, or to two of its network", async () => {
  const [one, two, three] = ["10.9.0.5", "10.9.0.6", "10.9.0.7"];
  expect(await foundOf(one, [])).toContain("leak");
  expect(await foundOf(one, [one])).toEqual(["untranslated", "untranslated"]);
  expect(await foundOf(two, [one])).toContain("leak");
  expect(await foundOf(three, [one, two])).toEqual(["untranslated", "untranslated"]);
});

it("nor if the destination alone is rewritten of those others", async () => {
  expect(await foundOf("10.9.0.5", ["10.9.0.5"], "10.96.0.1")).toEqual(["untranslated"]);
});

it("names the rule that exempts datagrams whose ports do not tell who opened, where conntrack does", async () => {
  const rule = "-A POSTROUTING -p udp --dport 7777 -j RETURN";
  const told = async (opener: string) => {
    const rules = (): HostRules => ({
      ...NO_RULES,
      leaving: () => ({ answer: false, rules: rule, doubt: "" }),
      passedAs: (_, ends, atNs) =>
        ends.src === opener && atNs / 1_000_000_000n === 1_700_000_002n ? { ends, dst: new Uint32Array(4) } : undefined,
    });
    const scene = new Scene().by(rules);
    for (const n of [0, 1, 2]) scene.datagram(2000 + n, { nat: CONTAINER, port: 11_777, service: 7777 }, `count ${n}`);
    return (await scene.until(4000).findings("untranslated")).map(({ text }) => text);
  };
  expect(await told(CONTAINER)).toEqual([expect.stringContaining(`a rule exempts them from the NAT: ${rule}`)]);
  expect(await told(SERVER)).toEqual([expect.stringContaining("nothing tells whether they opened")]);
});

/** What is found of a datagram that left as it came, by what the rules of then say. */
const found = async (ruling: Partial<Ruling>) => {
  const leaving: HostRules["leaving"] = (_, __, atNs = 0n) =>
    atNs / 1_000_000_000n === 1_700_000_002n
      ? { answer: undefined, rules: "", doubt: "", ...ruling }
      : NO_RULES.leaving(17, { src: CONTAINER, dst: SERVER });
  const scene = new Scene().by(() => ({ ...NO_RULES, leaving }));
  scene.datagram(2000, { nat: CONTAINER, service: 7777 }, "how many?");
  return (await scene.until(4000).outcome()).findings
    .filter(({ code }) => code === "leak" || code === "untranslated")
    .map(({ code, text }) => `${code}: ${text.slice(text.indexOf("a rule"))}`);
};

it("is one where a rule hides it that was not there when it left, and none where a rule exempted it then", async () => {
  const hides = "-A POSTROUTING -j MASQUERADE";
  const exempts = "-A PREROUTING -j CT --notrack";
  const gone = `leak: a rule hides it that was not there when it left: ${hides}`;
  expect(await found({ answer: false, atOtherTimes: hides })).toEqual([gone]);
  expect(await found({ atOtherTimes: hides })).toEqual([`leak: a rule hides it: ${hides}`]);
  const maybe = `untranslated: a rule that came or went about then may exempt them: ${exempts}`;
  expect(await found({ mayExempt: exempts })).toEqual([maybe]);
  const exempted = `untranslated: a rule exempts them from the NAT: ${exempts}`;
  expect(await found({ answer: false, rules: exempts })).toEqual([exempted]);
});
