import { expect, it } from "vitest";
import { findingOf } from "../../../src/packets/results/findings.js";
import { Gathered } from "../../../src/packets/results/gathered.js";
import type { FindingCode } from "../../../src/packets/results/finding-codes.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { Causes } from "../../../src/report/text/causes.js";
import type { Lost } from "../../../src/report/text/lost.js";

/** What is found about the inside's first frames, up to this one. */
function upTo(last: number): Gathered {
  const gathered = new Gathered();
  for (let frame = 1; frame <= last; frame++) gathered.add(INSIDE, frame, undefined, false);
  return gathered;
}

const DROPPED: Lost = {
  proto: "udp",
  ends: { src: "172.17.0.3", dst: "180.101.49.11" },
  error: undefined,
  isFromOpener: true,
  flow: undefined,
  behind: [],
  side: INSIDE,
  frame: 1,
  alike: undefined,
  judgement: { verdict: "dropped", reason: "no-twin", why: "" },
};

it("sends the reader to the finding that names a rule, else to any", () => {
  const causes = new Causes([
    findingOf("drop-reason", 3, "NETFILTER_DROP", upTo(3)),
    { ...findingOf("drop-rule", 2, "a rule", upTo(2)), rule: "-A FORWARD -j DROP" },
  ]);
  const told = [1, 3, 4].map((frame) => causes.of({ ...DROPPED, frame }));
  expect(told).toEqual(["drop-rule", "drop-reason", undefined]);
});

it("sends the reader to a finding of frames that it does not list", () => {
  const frames = upTo(150);
  const listed = findingOf("drop-rule", 150, "a rule", frames);
  const causes = new Causes([{ ...listed, isAbout: (side, frame) => side === INSIDE && frame <= 150 }]);
  const told = [100, 101, 150, 151].map((frame) => causes.of({ ...DROPPED, frame }));
  expect([frames.frames[INSIDE].listed.length, ...told]).toEqual([
    100,
    "drop-rule",
    "drop-rule",
    "drop-rule",
    undefined,
  ]);
  expect(causes.of({ ...DROPPED, side: OUTSIDE })).toBeUndefined();
});

it.each([
  ["unknown", "no-answer", "dropped"],
  ["refused", "prohibited", "refused"],
] as const)(
  "sends the reader there of what is %s as well, where a finding says what drops it",
  (verdict, reason, other) => {
    const packet: Lost = { ...DROPPED, judgement: { verdict, reason, why: "" } };
    const told = (code: FindingCode) => new Causes([findingOf(code, 1, "", upTo(1))]).of(packet);
    expect([told("drop-rule"), told(other)]).toEqual(["drop-rule", undefined]);
  },
);

it("sends the reader of what the host took for its own to why there was no entry", () => {
  const packet: Lost = { ...DROPPED, judgement: { verdict: "refused", reason: "port-unreachable", why: "" } };
  expect(new Causes([findingOf("conntrack-timed-out", 1, "", upTo(1))]).of(packet)).toBe("conntrack-timed-out");
});
