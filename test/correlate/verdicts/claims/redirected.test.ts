import { describe, expect, it } from "vitest";
import { type HostRules, NO_RULES, type Ruling } from "../../../../src/packets/results/host-rules.js";
import { OUTSIDE } from "../../../../src/packets/sides.js";
import { wordsOf } from "../../../../src/host/address.js";
import { icmp, ipv4 } from "../../../support/packets.js";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { CONTAINER, datagram, merged, OTHER, type Segment, SERVER, segment, SYN } from "../../traffic.js";
import { alone, answer, known, query, unanswered } from "../beside.js";
import { Scene } from "../findings/scene.js";

const RULE = "-A PREROUTING -p udp --dport 53 -j REDIRECT";
const ruled = (ruling: Partial<Ruling>) => (): HostRules => ({
  ...NO_RULES,
  taking: () => ({ answer: true, rules: RULE, doubt: "", ...ruling }),
});

it("what a rule gives to the host itself is local, and unknown where the rule only may, or others of its service were forwarded", async () => {
  expect(await alone([unanswered(3050)], [], ruled({}))).toEqual([
    `inside local: a rule gives it to the host itself: ${RULE}`,
  ]);
  expect(await alone([unanswered(3050)], [], ruled({ answer: undefined, doubt: "it asks for more" }))).toEqual([
    `inside unknown: nothing answers it, and a rule may give it to the host itself, but it asks for more: ${RULE}`,
  ]);
  expect((await alone([unanswered(3050)], [], ruled({ answer: false, rules: "" })))[0]).toMatch(/^inside dropped/);
  const forwarded = { dst: SERVER, ipId: 31_009, text: "another" };
  const crossed = [us(3000, query({ src: OTHER, ttl: 64, ...forwarded }))];
  const left = [us(3001, query({ src: "10.0.2.15", ttl: 63, ...forwarded }))];
  const scene = [...crossed, unanswered(3050)];
  expect((await alone(scene, left, ruled({}), 81)).at(-1)).toBe(
    `inside unknown: nothing answers it, and a rule may give it to the host itself, but others of its service were forwarded: ${RULE}`,
  );
});

it("what answers for whom a rule redirects to the host, or conntrack says it did, is local, and names the rule", async () => {
  // the bridge shows what it answers with the host's own address by then
  const answers = [us(3050, answer({ src: "198.51.100.9", dst: OTHER, ipId: 31_003, ttl: 64 }))];
  const bare = "inside unknown: it reached 172.17.0.3 and was not seen to enter outside";
  expect(await alone(answers, [])).toEqual([bare]);
  expect(await alone(answers, [], ruled({}))).toEqual([
    `inside local: a rule gives what it answers to the host itself: ${RULE}`,
  ]);
  expect(await alone(answers, [], ruled({ answer: undefined, doubt: "it asks for more" }))).toEqual([
    `${bare}; a rule may give what it answers to the host itself, but it asks for more: ${RULE}`,
  ]);
  const ends = { src: OTHER, srcPort: 9999, dst: "172.17.0.1", dstPort: 8888 };
  const dst = wordsOf(false, 0xac11_0001n);
  const tracked = (): HostRules => ({ ...ruled({})(), passedAs: () => ({ ends, dst }) });
  expect(await alone(answers, [], tracked)).toEqual([
    `inside local: conntrack says that the host redirected its conversation to 172.17.0.1: to itself, or a neighbour of who opened it, as it seems by ${RULE}`,
  ]);
});

/** What answers, as if from outside, with a TTL. */
const spokenBy = (ttl: number) => [us(3050, answer({ src: SERVER, dst: OTHER, ipId: 31_011, ttl }))];

const reasonsBy = async (inside: readonly Stamped[], outside: readonly Stamped[], ruling: Partial<Ruling> = {}) =>
  (await outcomeOf(inside, outside, { rules: ruled(ruling) })).alone.map(
    ({ verdict, reason }) => `${verdict} ${reason}`,
  );

it("what a rule gives to the host itself is local before anything crossed, too, unless a router is behind what answers", async () => {
  const call = us(3000, query({ src: OTHER, dst: SERVER, ipId: 31_010, ttl: 64 }));
  const stranger = [
    us(3100, datagram({ src: "192.0.2.1", dst: "10.0.2.15", srcPort: 5, dstPort: 6, ipId: 7, ttl: 50, text: "x" })),
  ];
  const both = Array(2).fill("local redirected");
  expect(await reasonsBy([call, ...spokenBy(64)], [])).toEqual(both);
  expect((await reasonsBy([call, ...spokenBy(64)], stranger)).slice(0, 2)).toEqual(both);
  expect(await reasonsBy(spokenBy(64), [])).toEqual(["local redirected"]);
  expect(await reasonsBy(spokenBy(52), [])).toEqual(["unknown no-frames"]);
  expect(await reasonsBy(spokenBy(64), [], { answer: undefined })).toEqual(["unknown no-frames"]);
});

it("what a rule gives to the host itself, and that is reset, is refused, whether anything crossed or not", async () => {
  const opens = { src: OTHER, dst: "192.168.7.9", srcPort: 36_518, dstPort: 5353, seq: 100, ack: 0 };
  const opening = us(3000, segment({ ...opens, flags: SYN, ttl: 64, ipId: 1 }));
  const back = { src: "192.168.7.9", dst: OTHER, srcPort: 5353, dstPort: 36_518, seq: 0, ack: 101 };
  const reset = us(3050, segment({ ...back, flags: 0x14, ttl: 64, ipId: 0 }));
  const why = `refused: the host resets it (frame 1): a rule rejects it, or nobody listens there; a rule gives it to the host itself: ${RULE}`;
  const { alone: first } = await outcomeOf([opening, reset], [], { rules: ruled({}) });
  expect(first.map((each) => `${each.verdict}: ${each.why}`)[0]).toBe(why.replace("frame 1", "frame 2"));
  expect(first[1]).toMatchObject({ verdict: "local", reason: "redirected" });
  expect((await alone([opening, reset], [], ruled({})))[0]).toBe(`inside ${why.replace("frame 1", "frame 33")}`);
  expect((await alone([opening, reset], [], ruled({ answer: undefined })))[0]).toMatch(
    /^inside unknown: frame 33 resets it/,
  );
});

/** What becomes of the last packet of the inside, which nothing outside belongs to. */
const lastBy = async (inside: readonly Stamped[], ruling: Partial<Ruling> = {}) =>
  (await reasonsBy(inside, [], ruling)).at(-1);

it("an error by which the host says in another's name that nobody takes what a rule gives it is local, unless it comes from afar", async () => {
  const asked = query({ src: OTHER, dst: SERVER, ipId: 31_010, ttl: 64 });
  // about another one than is there
  const saidBy = (src: string, ttl: number) => [
    us(3000, query({ src: OTHER, dst: "172.17.0.1", ipId: 31_011, ttl: 64 })),
    us(3050, ipv4({ src, dst: OTHER, id: 77, ttl }, icmp({ type: 3, code: 3, payload: asked.subarray(0, 28) }))),
  ];
  expect(await lastBy(saidBy(SERVER, 64))).toBe("local redirected");
  expect(await lastBy(saidBy(SERVER, 52))).toBe("unknown no-frames");
  expect(await lastBy(saidBy("198.51.100.9", 64))).toBe("unknown no-frames");
  expect(await lastBy(saidBy(SERVER, 64), { answer: undefined })).toBe("unknown no-frames");
});

/** The host's own address, where a rule gives what is sent to others. */
const HERE = "172.17.0.1";
const calls = { src: OTHER, dst: HERE, srcPort: 36_518, dstPort: 5300, seq: 100, ack: 0, flags: SYN, ttl: 64 };
const call = us(3000, segment({ ...calls, ipId: 1 }));
const resets = { src: SERVER, dst: OTHER, srcPort: 5353, dstPort: 36_518, seq: 0, ack: 101, flags: 0x14, ttl: 64 };
const resetting = (other: Partial<Segment> = {}, atUs = 3050) => us(atUs, segment({ ...resets, ipId: 0, ...other }));

const datagramTo = (dst: string, ipId: number) => query({ src: OTHER, dst, ipId, ttl: 64 });
const sentOn = us(3000, datagramTo(HERE, 31_010));
const refusing = (quoted: Uint8Array, { ttl = 64, src = SERVER } = {}) =>
  us(3050, ipv4({ src, dst: OTHER, id: 77, ttl }, icmp({ type: 3, code: 3, payload: quoted.subarray(0, 28) })));

/** What is said of the packets of the inside, beside which nothing is. */
const saidOf = async (...inside: readonly Stamped[]) =>
  (await outcomeOf(inside, [], { rules: ruled({}) })).alone.map(({ verdict, reason, why }) => [verdict, reason, why]);
const firstOf = async (...inside: readonly Stamped[]) => (await saidOf(...inside))[0].slice(0, 2).join(" ");

describe("what a rule gave to the host, and that is refused in the name of whom it was sent to", () => {
  it("is refused by a reset that answers its number, at once and from near, where nobody called that", async () => {
    expect(await saidOf(call, resetting())).toEqual([
      [
        "refused",
        "end-refuses",
        `sent to ${SERVER}.5353, which resets it (frame 2): a rule gave it to ${HERE}.5300 (${RULE}), where nobody listens, or a rule rejects it`,
      ],
      ["local", "host-reset", "the host itself resets the connection: it did not pass frame 1 on"],
    ]);
    for (const other of [{ ack: 102 }, { ttl: 63 }, { flags: 0x04 }, { dstPort: 36_519 }])
      expect(await firstOf(call, resetting(other))).toBe("local same-link");
    expect(await firstOf(call, resetting({}, 13_001))).toBe("local same-link");
    const calledThere = us(3010, segment({ ...calls, dst: SERVER, dstPort: 5353, ipId: 2 }));
    expect(await firstOf(call, calledThere, resetting())).toBe("local same-link");
  });

  it("is refused by an ICMP error that quotes it as it was sent, by its IP ID, where nobody sent anything there", async () => {
    const quoted = datagramTo(SERVER, 31_010);
    expect(await saidOf(sentOn, refusing(quoted))).toEqual([
      [
        "refused",
        "port-unreachable",
        `port unreachable, says ${SERVER} (frame 2), to which it was sent: a rule gave it to ${HERE}.53`,
      ],
      ["local", "host-error", "it refuses frame 1, in the name of whom that was sent to"],
    ]);
    for (const errors of [
      [refusing(datagramTo(SERVER, 31_011))],
      [refusing(quoted, { ttl: 52 })],
      [refusing(quoted, { src: "198.51.100.9" })],
      [us(3010, datagramTo(SERVER, 31_012)), refusing(quoted)],
      // nothing tells the right one
      [refusing(quoted), refusing(quoted)],
    ])
      expect(await firstOf(sentOn, ...errors)).toBe("local same-link");
  });

  it("is refused without an IP ID, too, where the error comes at once, and nothing else was sent that it may quote", async () => {
    const [sent, error] = [(dst: string, atUs = 3000) => us(atUs, datagramTo(dst, 0)), refusing(datagramTo(SERVER, 0))];
    expect(await firstOf(sent(HERE), error)).toBe("refused port-unreachable");
    const late = us(13_001, error.packet);
    const other = datagramTo("172.17.0.9", 0);
    const longer = query({ src: OTHER, dst: "172.17.0.9", ipId: 0, ttl: 64, text: "longer?" });
    expect(await firstOf(sent(HERE), late)).toBe("local same-link");
    const ofSeveral = await saidOf(sent(HERE), us(3010, other), error);
    expect(ofSeveral.map(([verdict]) => verdict)).toEqual(["local", "local", "local"]);
    expect(await firstOf(sent(HERE), us(3010, longer), error)).toBe("refused port-unreachable");
    expect(await firstOf(sent(HERE), sent(SERVER, 3010), error)).toBe("local same-link");
    // which an IP ID tells apart
    expect(await firstOf(sentOn, us(3010, datagramTo(HERE, 31_011)), refusing(datagramTo(SERVER, 31_010)))).toBe(
      "refused port-unreachable",
    );
  });
});

it("what comes from outside to nobody known has the rule beside it that may give it to the host itself", async () => {
  const calls = [us(3050, query({ src: "198.51.100.9", dst: "10.0.7.9", ipId: 31_004, ttl: 63 }))];
  const sides: number[] = [];
  const rules = (): HostRules => ({
    ...NO_RULES,
    taking: (side) => {
      sides.push(side);
      return {
        answer: undefined,
        rules: RULE,
        doubt: "a proxy takes it only where it listens, and else the rule drops it (--trace live tells)",
      };
    },
  });
  expect(await alone([], calls, rules)).toEqual([
    `outside unknown: nothing of its conversation is known to have crossed: no translation explains it; a rule may give it to the host itself, but a proxy takes it only where it listens, and else the rule drops it (--trace live tells): ${RULE}`,
  ]);
  expect(new Set(sides)).toEqual(new Set([OUTSIDE]));
});

it("what conntrack says was forwarded is unknown, unless it left as from an address of the host's own by a captured interface", async () => {
  const ends = { src: "10.0.3.15", srcPort: 9999, dst: "192.168.7.9", dstPort: 53 };
  const rules = (): HostRules => ({ ...NO_RULES, passedAs: () => ({ ends, dst: new Uint32Array(4) }) });
  const of = async (isOwn: boolean, isCaptured: boolean): Promise<string> => {
    const routes = {
      changes: 0,
      uncapturedTo: () => undefined,
      isCapturedTo: () => isCaptured,
      areNeighbours: () => undefined,
      isOwn: () => isOwn,
    };
    const inside = merged(known.inside, [unanswered(3050)]);
    const [{ verdict, reason }] = (await outcomeOf(inside, known.outside, { rules, routes })).alone;
    return `${verdict} ${reason}`;
  };
  expect(await of(true, true)).toBe("dropped no-twin");
  expect(await of(true, false)).toBe("unknown may-go-elsewhere");
  expect(await of(false, true)).toBe("unknown may-go-elsewhere");
});

it("a known conversation that the host itself goes on to answer is local from then on, and tells nothing of what outside lacks", async () => {
  const [scene, ends] = [new Scene(), { service: 8125 }];
  for (let ms = 100; ms < 500; ms += 100) {
    scene.datagram(ms, ends, `question ${ms}`).datagram(ms + 30, ends, `answer ${ms}`, false);
    const ports = { srcPort: 8125, dstPort: 40_000 };
    const byHost = { src: SERVER, dst: CONTAINER, ...ports, ipId: ms, ttl: 64, text: `told here ${ms}` };
    scene.datagram(ms + 500, ends, `again ${ms}`, true, "inside").alone(ms + 503, "inside", datagram(byHost));
  }
  scene.datagram(1200, { port: 40_001, service: 8125 }, "lost", true, "inside");
  const taken = (await scene.until(6000).verdicts()).map((each) => each.replace(/^inside \d+ /, ""));
  expect(taken.filter((_, at) => at % 2 === 0).slice(0, 4)).toEqual(
    [90, 92, 94, 96].map(
      (frame) => `local: the host itself answers it (frame ${frame}), though it forwarded others of its conversation`,
    ),
  );
  expect(new Set(taken.slice(0, 8).filter((_, at) => at % 2 === 1))).toEqual(
    new Set(["local: its TTL shows that the host itself sent it, in the name of the other end"]),
  );
  expect(taken[8]).toMatch(/^dropped/);
});

it("the host's answer is found however much else passes before it", async () => {
  const [scene, ends] = [new Scene(), { service: 8125 }];
  for (const ms of [100, 200])
    scene.datagram(ms, ends, `question ${ms}`).datagram(ms + 30, ends, `answer ${ms}`, false);
  scene.datagram(500, ends, "again", true, "inside");
  // every 50th of them is lost
  for (let n = 0; n < 5000; n++) {
    const other = { port: 40_001 + (n % 50), service: 53 };
    scene.datagram(501 + n / 100, other, `other ${n}`, true, n % 50 === 0 ? "inside" : "both");
  }
  const byHost = { src: SERVER, dst: CONTAINER, srcPort: 8125, dstPort: 40_000, ipId: 7, ttl: 64, text: "told here" };
  const [asked] = await scene.alone(560, "inside", datagram(byHost)).until(6000).verdicts();
  expect(asked).toMatch(/^inside 85 local: the host itself answers it/);
});
