import { expect, it } from "vitest";
import * as words from "../../../src/packets/batches/answer-words.js";
import { addressWords } from "../../../src/packets/address.js";
import { Answers, heardBy } from "../../../src/packets/results/answers.js";
import { INSIDE, OUTSIDE, type Side } from "../../../src/packets/sides.js";
import { dnsName } from "../../support/dns.js";

const EPOCH_NS = 1_700_000_000_000_000_000n;

interface Said {
  readonly client?: string;
  readonly address?: string;
  readonly ns?: number;
  readonly side?: Side;
}

/** An answer, as the decoder writes it. */
function recordOf(name: string, { client = "172.17.0.2", address = "1.2.3.4", ns = 0 }: Said): Uint8Array {
  const sent = dnsName(...name.split(".")).subarray(0, -1);
  const bytes = (4 * words.HEADER_WORDS + sent.length + 7) & ~7;
  const record = new Int32Array(bytes / 4);
  new Float64Array(record.buffer)[words.STAMP_NS] = ns;
  record[words.ENTRY_BYTES] = bytes;
  record[words.NAME_BYTES] = sent.length;
  record.set(addressWords(client), words.CLIENT);
  record.set(addressWords(address), words.ADDRESS);
  record[words.IS_CLIENT_IPV6] = Number(client.includes(":"));
  record[words.IS_IPV6] = Number(address.includes(":"));
  new Uint8Array(record.buffer).set(sent, 4 * words.HEADER_WORDS);
  return new Uint8Array(record.buffer);
}

class Heard {
  readonly #answers = new Answers();

  say(name: string, said: Said = {}): this {
    heardBy(this.#answers)(said.side ?? INSIDE, EPOCH_NS, recordOf(name, said));
    return this;
  }

  name(sinceNs: number, { client = "172.17.0.2", address = "1.2.3.4" }: Said = {}, offsetNs = 0n): string | undefined {
    return this.#answers.nameOf(address, client, EPOCH_NS + BigInt(sinceNs), offsetNs);
  }
}

it("an address has the name that its client was told last before it spoke to it", () => {
  const heard = new Heard().say("a.example", { ns: 10 }).say("b.example", { ns: 20 }).say("a.example", { ns: 30 });
  expect([9, 10, 19, 20, 29, 30, 99].map((ns) => heard.name(ns))).toEqual([
    undefined,
    ...["a", "a", "b", "b", "a", "a"].map((each) => `${each}.example`),
  ]);
});

it("what others were told counts where the client was told nothing, and only if all of that is the same", () => {
  const other = { client: "172.17.0.3" };
  const heard = new Heard().say("a.example", { ...other, ns: 10 });
  expect(heard.name(15)).toBe("a.example");
  heard.say("b.example", { client: "172.17.0.4", ns: 20 });
  expect([heard.name(15), heard.name(25), heard.name(25, other)]).toEqual(["a.example", undefined, "a.example"]);
  heard.say("c.example", { ns: 30 });
  expect([heard.name(25), heard.name(35)]).toEqual([undefined, "c.example"]);
});

it("behind a NAT, who was told what is not known: of what the outside has, all has to agree", () => {
  const host: Said = { client: "10.0.2.15", side: OUTSIDE };
  const heard = new Heard().say("a.example", { ...host, ns: 10 });
  expect([heard.name(15, host), heard.name(15)]).toEqual(["a.example", "a.example"]);
  heard.say("b.example", { ...host, ns: 12 });
  expect([heard.name(15, host), heard.name(15)]).toEqual([undefined, undefined]);
});

it("what the outside has goes by its clock", () => {
  const heard = new Heard().say("a.example", { side: OUTSIDE, ns: 1000 });
  expect([heard.name(500), heard.name(500, {}, 500n), heard.name(1500, {}, -501n)]).toEqual([
    undefined,
    "a.example",
    undefined,
  ]);
});

it("addresses of both IP versions are told apart, and have names for clients of either", () => {
  const [six, client] = [{ address: "2001:db8::7" }, { client: "fd00::2" }];
  const heard = new Heard()
    .say("six.example", { ...six, ...client })
    .say("four.example", { ...six, ns: 5 })
    .say("::", { address: "::" });
  expect([heard.name(9, { ...six, ...client }), heard.name(9, six), heard.name(9, { address: "0.0.0.0" })]).toEqual([
    "six.example",
    "four.example",
    undefined,
  ]);
});

it("what is said again and again takes the place of one", () => {
  const heard = new Heard().say("first.example", { address: "9.9.9.9" });
  for (let ns = 1; ns < 20_000; ns++)
    for (const side of [INSIDE, OUTSIDE] as const) heard.say("a.example", { ns, side, client: `172.17.0.${1 + side}` });
  expect([heard.name(99_999, { address: "9.9.9.9" }), heard.name(1)]).toEqual(["first.example", "a.example"]);
});

const addressOf = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
const nameOf = (n: number): string => `${"x".repeat(n % 60)}.host${n}.example`;

it("what is oldest is forgotten, and of what is there nothing is lost", () => {
  const heard = new Heard();
  const count = 70_000;
  for (let n = 0; n < count; n++) heard.say(nameOf(n), { address: addressOf(n) });
  const there = Array.from({ length: count }, (_, n) => heard.name(1, { address: addressOf(n) }));
  const first = there.findIndex((name) => name !== undefined);
  expect(first).toBeGreaterThan(count / 4);
  expect(first).toBeLessThan(count - 20_000);
  expect(there.slice(first)).toEqual(Array.from({ length: count - first }, (_, n) => nameOf(first + n)));
});

it("of an address with more answers than are looked at, nothing is certain but what its client was told", () => {
  const heard = new Heard().say("a.example", { client: "172.17.0.2", ns: 1 });
  for (let n = 0; n < 1000; n++) heard.say("a.example", { client: `172.18.${n >> 8}.${n & 255}`, ns: 2 });
  expect(heard.name(5)).toBeUndefined();
  expect(heard.say("a.example", { ns: 9 }).name(10)).toBe("a.example");
});
