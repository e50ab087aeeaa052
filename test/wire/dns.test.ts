import * as fc from "fast-check";
import { expect, it } from "vitest";
import { MOST_ADDRESSES, MOST_BYTES } from "../../src/packets/batches/answer-words.js";
import { Answers, heardBy } from "../../src/packets/results/answers.js";
import { INSIDE } from "../../src/packets/sides.js";
import { ASKED, addressRecord, aliasRecord, dnsMessage, dnsName } from "../support/dns.js";
import { ethernet, hex, ipv4, ipv6, udp } from "../support/packets.js";
import { runs } from "../support/runs.js";
import { heardOf } from "./decoded.js";
import { ETHERNET } from "./samples.js";
import { vxlan } from "../support/tunnels.js";

const CLIENT = "172.17.0.2";
const NAME = dnsName("www", "Example");

function frameOf(payload: Uint8Array, srcPort = 53, dst = CLIENT): Uint8Array {
  const carried = udp({ srcPort, dstPort: 40000, payload });
  return ethernet(
    dst.includes(":") ? ipv6({ src: "2001:db8::53", dst }, carried) : ipv4({ src: "9.9.9.9", dst }, carried),
  );
}

/** What one message, of which so much was captured, calls each address. */
function names(
  payload: Uint8Array,
  asked: readonly string[],
  frame = frameOf(payload),
  captured = frame.length,
  client = CLIENT,
) {
  const answers = new Answers();
  const heard = heardOf([{ linkType: ETHERNET, frame, captured, original: frame.length }]);
  if (heard !== undefined) heardBy(answers)(INSIDE, 0n, heard);
  return asked.map((each) => answers.nameOf(each, client, 1n, 0n));
}

const answer = dnsMessage(NAME, { records: [addressRecord(ASKED, "1.2.3.4")] });

it("an answer gives an address the name that was asked for, in lower case", () => {
  expect(names(answer, ["1.2.3.4", "1.2.3.5"])).toEqual(["www.example", undefined]);
  const six = dnsMessage(NAME, { type: 28, records: [addressRecord(ASKED, "2001:db8::1")] });
  expect(names(six, ["2001:db8::1", "2001:db8::"])).toEqual(["www.example", undefined]);
  expect(names(six, ["2001:db8::1"], frameOf(six, 53, "fd00::2"), undefined, "fd00::2")).toEqual(["www.example"]);
});

it("so does one that gives other names first, wherever these are written out", () => {
  const [alias, another] = [dnsName("cdn", "example"), dnsName("edge", "CDN", "example")];
  const records = [
    aliasRecord(ASKED, alias),
    aliasRecord(alias, another),
    addressRecord(dnsName("edge", "cdn", "Example"), "1.2.3.4"),
  ];
  expect(names(dnsMessage(NAME, { records }), ["1.2.3.4"])).toEqual(["www.example"]);
});

it("what it says of others is not taken", () => {
  const other = dnsName("other", "example");
  const records = [addressRecord(other, "6.6.6.6"), addressRecord(ASKED, "1.2.3.4"), aliasRecord(other, NAME)];
  expect(names(dnsMessage(NAME, { records }), ["6.6.6.6", "1.2.3.4"])).toEqual([undefined, "www.example"]);
  const ofOtherType = [
    addressRecord(ASKED, "2001:db8::1"),
    { ...addressRecord(ASKED, "6.6.6.6"), data: hex("010203") },
  ];
  expect(names(dnsMessage(NAME, { records: ofOtherType }), ["2001:db8::1"])).toEqual([undefined]);
  const ofEqualLength = addressRecord(dnsName("wwx", "example"), "6.6.6.6");
  expect(names(dnsMessage(NAME, { records: [ofEqualLength] }), ["6.6.6.6"])).toEqual([undefined]);
});

it("questions, errors, what was cut on its way and what comes from another port tell nothing", () => {
  const records = [addressRecord(ASKED, "1.2.3.4")];
  const all = [0x0100, 0x8183, 0x8380, 0xa180].map((flags) => frameOf(dnsMessage(NAME, { flags, records })));
  const types = [5, 255].map((type) => frameOf(dnsMessage(NAME, { type, records })));
  const frames = [...all, ...types, frameOf(answer, 5353), frameOf(dnsMessage(dnsName(), { records }))];
  expect(frames.map((frame) => names(answer, ["1.2.3.4"], frame)[0])).toEqual(frames.map(() => undefined));
});

it("of what its capture cut, it takes what is there", () => {
  const two = dnsMessage(NAME, { records: [addressRecord(ASKED, "1.2.3.4"), addressRecord(ASKED, "1.2.3.5")] });
  const frame = frameOf(two);
  expect(names(two, ["1.2.3.4", "1.2.3.5"], frame, frame.length - 1)).toEqual(["www.example", undefined]);
});

it("labels are written so that no byte of theirs means anything else", () => {
  const hostile = dnsName("a.b", "\u001b[31m", "<script>", "Ä\\", "example");
  const records = [addressRecord(ASKED, "1.2.3.4")];
  expect(names(dnsMessage(hostile, { records }), ["1.2.3.4"])).toEqual([
    String.raw`a\.b.\027[31m.<script>.\196\\.example`,
  ]);
});

it.each([
  ["to itself", hex("c021")],
  ["forwards", hex("c0ff")],
  ["in a circle", hex("0161c021")],
  ["to what is no label", hex("4041")],
])("a name that points %s is none", (_, owner) => {
  const records = [addressRecord(owner, "1.2.3.4"), addressRecord(ASKED, "1.2.3.5")];
  expect(names(dnsMessage(NAME, { records }), ["1.2.3.4"])).toEqual([undefined]);
});

it("of an answer with many addresses, some are taken", () => {
  const all = Array.from({ length: 30 }, (_, n) => `10.0.0.${n}`);
  const message = dnsMessage(NAME, { records: all.map((each) => addressRecord(ASKED, each)) });
  expect(names(message, all).filter((each) => each !== undefined)).toHaveLength(MOST_ADDRESSES);
});

it("what a tunnel carries is its carrier's, unless it is opened", () => {
  const inner = ipv4({ src: "9.9.9.9", dst: CLIENT }, udp({ srcPort: 53, dstPort: 40000, payload: answer }));
  const frames = [{ linkType: ETHERNET, frame: ethernet(ipv4({ src: "10.0.0.1", dst: "10.0.0.2" }, vxlan(inner))) }];
  expect([heardOf(frames, true) === undefined, heardOf(frames, false)]).toEqual([false, undefined]);
});

it("whatever the bytes are, it ends, and takes no more room than it may", () => {
  const bytes = fc.uint8Array({ maxLength: 400 });
  const pointers = fc
    .array(fc.constantFrom(0xc0, 0x0c, 0x01, 0x61, 0x00, 0x1f), { maxLength: 400 })
    .map((all) => Uint8Array.from(all));
  const header = hex("0007 8180 0001 ffff 0000 0000");
  const damaged = fc
    .tuple(
      fc.constant(answer),
      fc.array(fc.tuple(fc.nat({ max: answer.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 }),
    )
    .map(([whole, changes]) => {
      const copy = whole.slice();
      for (const [at, byte] of changes) copy[at] = byte;
      return copy;
    });
  const body = fc.oneof(bytes, pointers).map((rest) => Uint8Array.of(...header, ...NAME, 0, 1, 0, 1, ...rest));
  fc.assert(
    fc.property(fc.array(fc.oneof(damaged, body, bytes), { minLength: 1, maxLength: 5 }), (payloads) => {
      const heard = heardOf(payloads.map((payload) => ({ linkType: ETHERNET, frame: frameOf(payload) })));
      expect(heard?.length ?? 0).toBeLessThanOrEqual(payloads.length * MOST_BYTES);
      const answers = new Answers();
      if (heard !== undefined) heardBy(answers)(INSIDE, 0n, heard);
      expect(() => answers.nameOf("1.2.3.4", CLIENT, 1_000_000n, 0n)).not.toThrow();
    }),
    { numRuns: runs(500) },
  );
});
