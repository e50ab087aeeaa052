import { describe, expect, it } from "vitest";
import { InterfaceName } from "../../../../src/host/interfaces.js";
import { RuleFacts } from "../../../../src/host/rules/rule-facts.js";
import { RuleHistory } from "../../../../src/host/rules/times/rule-history.js";
import { icmp, ipv4 } from "../../../support/packets.js";
import { type Stamped, us } from "../../outcome.js";
import { CLIENT, CONTAINER, datagram, HOST, OTHER, segment, SERVER, SYN, SYN_ACK } from "../../traffic.js";
import { Scene } from "./scene.js";

const syn = { flags: SYN };
const AGAIN = [100, 1100, 3100] as const;

/** A SYN that is sent three times. */
function knocking(scene: Scene): Scene {
  for (const ms of AGAIN) scene.up(ms, {}, syn);
  return scene;
}

/** A ping that leaves from the container's own address. */
const asIs = (scene: Scene): Scene => scene.ping(300, 1, false, "both", { nat: CONTAINER });

describe("unanswered", () => {
  it("is a SYN that nobody answers, with how often it was tried", async () => {
    const [found, ...others] = await knocking(new Scene()).until(4000).findings("unanswered");
    expect(others).toEqual([]);
    expect(found).toMatchObject({ severity: "warning", count: 3, flows: [2], more: 0 });
    expect(found?.text).toBe("sent on and never answered: tcp 172.17.0.2.40000 > 180.101.49.11.443 (3 times)");
  });

  it("says that it left from private addresses as it came: nobody can answer those", async () => {
    const hidden = knocking(new Scene());
    const [found] = await asIs(new Scene()).until(4000).findings("unanswered");
    expect(found?.text).toBe(
      "sent on from private addresses, as they came, and never answered: icmp 172.17.0.2 > 180.101.49.11 (once)",
    );
    expect(found?.hint).toMatch(/^iptables -t nat -S POSTROUTING/);
    const both = await asIs(hidden).until(4000).findings("unanswered");
    expect(both.map(({ text, flows }) => [text.replace(/: .*/, ""), flows])).toEqual([
      ["sent on and never answered", [2]],
      ["sent on from private addresses, as they came, and never answered", [3]],
    ]);
    expect(both[0]?.hint).toMatch(/^ping and traceroute/);
  });

  it("names the rule that exempts from the NAT what left as it came", async () => {
    const masquerade = "-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE";
    const rule = `-A POSTROUTING -s 172.17.0.0/16 -d ${SERVER}/32 -p icmp -j RETURN`;
    const names = [new InterfaceName(["docker0"]), new InterfaceName(["enp0s3"])] as const;
    const found = (...rules: readonly string[]) =>
      asIs(new Scene())
        .by(() => new RuleFacts(new RuleHistory(["*nat", ...rules, "COMMIT", ""].join("\n")), names))
        .until(4000)
        .findings("unanswered");
    const [exempt, ...others] = await found(rule, masquerade);
    expect(others).toEqual([]);
    expect(exempt?.text).toBe(
      `sent on from private addresses, which a rule exempts from the NAT (${rule}), and never answered: icmp 172.17.0.2 > 180.101.49.11 (once)`,
    );
    expect(exempt?.hint).toMatch(/^whoever is called must know a way back/);
    expect((await found(masquerade))[0]?.text).toContain("as they came, and never answered");
  });

  it("is a query, and a ping; not a datagram that may be meant to be one-way", async () => {
    const scene = new Scene().datagram(100, {}, "query").ping(200, 1).ping(1200, 2);
    const found = await scene
      .datagram(100, { service: 514, port: 40_001 }, "syslog")
      .until(3000)
      .findings("unanswered");
    expect(found).toMatchObject([{ count: 3, flows: [2, 4] }]);
  });

  it.each([
    ["is answered", knocking(new Scene()).down(3120, {}, { flags: SYN_ACK }).until(4000)],
    ["is answered by a reset", knocking(new Scene()).down(3120, {}, { flags: 0x14, seq: 0 }).until(4000)],
    ["has no time to be answered", new Scene().up(100, {}, syn).until(900)],
    [
      "is answered, and the answer is dropped",
      knocking(new Scene()).down(3120, {}, { flags: SYN_ACK }, "outside").until(5000),
    ],
    ["is answered past the uplink", knocking(new Scene()).down(3120, {}, { flags: SYN_ACK }, "inside").until(5000)],
    [
      "is answered past both interfaces",
      new Scene().up(100, {}, syn).up(130, {}, { flags: 0x10, seq: 1001, ack: 5001 }).until(4000),
    ],
  ])("is not what %s", async (_, scene) => {
    expect(await scene.findings("unanswered")).toEqual([]);
  });

  it.each([
    ["the ports", 20 + 8 + 20 + 2],
    ["all that it quotes", 20 + 8],
  ])("is not what an ICMP error may be about of which a short snaplen left out %s", async (_, kept) => {
    const error = (dst: string, asked: string, ttl: number): Stamped => {
      const quoted = datagram({ src: asked, dst: SERVER, srcPort: 4000, dstPort: 53, ipId: 5, ttl: 1, text: "who?" });
      const packet = ipv4(
        { src: "203.0.113.2", dst, id: 9009, ttl },
        icmp({ type: 11, payload: quoted.subarray(0, 28) }),
      );
      return { ...us(110_000 + (dst === HOST ? 0 : 10), packet), kept };
    };
    const scene = new Scene().datagram(100, { port: 4000 }, "who?").until(3000);
    expect(await scene.findings("unanswered")).toMatchObject([{ count: 1 }]);
    scene.inside.push(error(CONTAINER, CONTAINER, 253));
    scene.outside.push(error(HOST, HOST, 254));
    expect(await scene.findings("unanswered")).toEqual([]);
    scene.datagram(105, { container: OTHER, port: 4001 }, "and you?");
    const [found, ...others] = await scene.findings("unanswered");
    expect(others).toEqual([]);
    expect(found?.text).toMatch(new RegExp(`^sent on and never answered: udp ${OTHER}\\.4001 > \\S+ \\(once\\)$`));
  });

  it("is not what a capture of one direction alone cannot show to be answered", async () => {
    const scene = knocking(new Scene()).until(4000);
    const leaving = scene.outside.filter(({ packet }) => packet.subarray(12, 16).join(".") === HOST);
    scene.outside.splice(0, scene.outside.length, ...leaving);
    expect(await scene.findings("unanswered")).toEqual([]);
  });
});

/** An ICMP error of a router beyond about a SYN, as both sides have it. */
const beyond = (scene: Scene, ms: number, [type, code]: readonly [number, number]): Scene => {
  const errorTo = (dst: string, ttl: number): Uint8Array => {
    const quoted = segment({
      src: dst,
      dst: SERVER,
      srcPort: 40_000,
      dstPort: 443,
      seq: 1000,
      ack: 0,
      ...syn,
      ipId: 1,
      ttl: 1,
    });
    return ipv4({ src: "203.0.113.2", dst, id: ms, ttl }, icmp({ type, code, payload: quoted.subarray(0, 28) }));
  };
  return scene.alone(ms, "outside", errorTo(HOST, 254)).alone(ms + 0.01, "inside", errorTo(CONTAINER, 253));
};

describe("unanswered, though errors come from beyond", () => {
  it.each([
    ["host unreachable", [3, 1], /^whoever says so has no way there/],
    ["port unreachable", [3, 3], /^whoever says so rejects it: a firewall on the way/],
    ["fragments missing when the time for reassembly was over", [11, 1], /^whoever says so got some fragments/],
  ] as const)("is what nobody gets, as they say: %s", async (words, kind, hint) => {
    const scene = beyond(beyond(knocking(new Scene()), 1110, kind), 3110, kind).until(5000);
    const [found] = await scene.findings("unanswered");
    // the flow's first frames, then those of the errors
    expect(found).toMatchObject({ count: 3, flows: [2], more: 0 });
    expect(found?.frames.outside).toHaveLength(3);
    expect(found?.hint).toMatch(hint);
    expect(found?.text).toBe(
      `sent on, and errors are all that came back: tcp 172.17.0.2.40000 > 180.101.49.11.443 (3 times; 2 errors: ${words}, says 203.0.113.2)`,
    );
  });

  it.each([
    ["is too long", beyond(knocking(new Scene()), 1110, [3, 4])],
    ["traces a route", beyond(knocking(new Scene()), 1110, [11, 0])],
    ["is answered all the same", beyond(knocking(new Scene()), 1110, [3, 1]).down(3120, {}, { flags: SYN_ACK })],
  ])("is not what %s", async (_, scene) => {
    expect(await scene.until(5000).findings("unanswered")).toEqual([]);
  });
});

/** Five queries, each from a port of its own, and errors of this code about the first of them, as a router says but some. */
const queries = (scene: Scene, errors: number, code = 0): Scene => {
  for (let n = 0; n < 5; n++) scene.datagram(100 + 100 * n, { port: 41_000 + n }, `who is ${n}?`);
  for (let n = 0; n < errors; n++) {
    const errorTo = (dst: string, ttl: number): Uint8Array => {
      const of = { srcPort: 41_000 + n, dstPort: 53, ipId: 5, ttl: 1, text: `who is ${n}?` };
      const payload = datagram({ src: dst, dst: SERVER, ...of }).subarray(0, 28);
      return ipv4({ src: "203.0.113.2", dst, id: 700 + n, ttl }, icmp({ type: 3, code, payload }));
    };
    const ms = 110 + 100 * n;
    scene.alone(ms, "outside", errorTo(HOST, 254)).alone(ms + 0.01, "inside", errorTo(CONTAINER, 253));
  }
  return scene.until(4000);
};

describe("unanswered queries of one client to one service", () => {
  it.each([
    [0, 0, "sent on and never answered", "5 datagrams", /^ping and traceroute/],
    [
      2,
      0,
      "sent on, and errors are all that came back",
      "5 datagrams; 2 errors: network unreachable, says 203.0.113.2",
      /^whoever says so has no way there/,
    ],
    [
      1,
      13,
      "sent on, and errors are all that came back",
      "5 datagrams; 1 error: administratively prohibited, says 203.0.113.2",
      /^whoever says so rejects it/,
    ],
  ])("are one, with how many there are: %i errors of code %i", async (errors, code, what, words, hint) => {
    const [found, ...others] = await queries(new Scene(), errors, code).findings("unanswered");
    expect(others).toEqual([]);
    expect(found).toMatchObject({ count: 5, flows: [2, 3, 4, 5, 6] });
    expect(found?.text).toBe(`${what}: udp 172.17.0.2 > 180.101.49.11.53 (${words})`);
    expect(found?.hint).toMatch(hint);
  });

  it("stand beside others, with what to do next for each kind", async () => {
    const scene = queries(knocking(new Scene()), 1).datagram(150, { server: "198.51.100.7" }, "you?");
    const found = await scene.findings("unanswered");
    expect(found.map(({ text }) => text)).toEqual([
      "sent on and never answered: tcp 172.17.0.2.40000 > 180.101.49.11.443 (3 times), udp 172.17.0.2.40000 > 198.51.100.7.53 (once)",
      "sent on, and errors are all that came back: udp 172.17.0.2 > 180.101.49.11.53 (5 datagrams; 1 error: network unreachable, says 203.0.113.2)",
    ]);
    expect(found[0]?.hint).toMatch(/^ping and traceroute/);
    expect(found[1]?.hint).toMatch(/^whoever says so has no way there/);
  });
});

/** A datagram to that port, and an error of whom it is for: nobody listens there. */
const rejected = (service: number, [type, code]: readonly [number, number] = [3, 3]): Scene => {
  const errorTo = (dst: string, ttl: number): Uint8Array => {
    const of = { srcPort: 40_000, dstPort: service, ipId: 5, ttl: 1, text: "log" };
    const payload = datagram({ src: dst, dst: SERVER, ...of }).subarray(0, 28);
    return ipv4({ src: SERVER, dst, id: 900, ttl }, icmp({ type, code, payload }));
  };
  const scene = new Scene().datagram(100, { service }, "log");
  return scene.alone(110, "outside", errorTo(HOST, 53)).alone(110.01, "inside", errorTo(CONTAINER, 52));
};

describe("unanswered datagrams to whichever port", () => {
  it.each([[[3, 3] as const, "port unreachable"] as const, [[3, 1] as const, "host unreachable"] as const])(
    "are those that whom they are for rejects, at once: %o",
    async (kind, words) => {
      const [found, ...others] = await rejected(514, kind).findings("unanswered");
      expect(others).toEqual([]);
      expect(found).toMatchObject({ count: 1, flows: [2] });
      expect(found?.text).toBe(
        `sent on, and errors are all that came back: udp 172.17.0.2.40000 > 180.101.49.11.514 (once; 1 error: ${words}, says the destination itself)`,
      );
      expect(found?.hint).toMatch(/^the destination itself says so: nobody listens on that port/);
    },
  );

  it.each([33_434, 33_523, 44_444, 44_507])("are not those that trace a route to its end: port %i", async (port) => {
    expect(await rejected(port).findings("unanswered")).toEqual([]);
  });

  it("are those to a port of traceroute's that a router has no way for", async () => {
    expect(await rejected(33_434, [3, 0]).findings("unanswered")).toHaveLength(1);
  });
});

/** A client beyond calls a published port: its SYNs come out at the container. */
const called = (again: readonly number[]): Scene => {
  const scene = new Scene();
  const of = { src: CLIENT, srcPort: 50_007, seq: 700, ack: 0, ...syn };
  for (const [n, ms] of again.entries()) {
    const ipId = 30_000 + n;
    scene.alone(ms, "outside", segment({ ...of, dst: HOST, dstPort: 8443, ttl: 60, ipId }));
    scene.alone(ms + 0.02, "inside", segment({ ...of, dst: CONTAINER, dstPort: 443, ttl: 59, ipId }));
  }
  return scene;
};

describe("unanswered calls from outside", () => {
  it("name the container that did not answer, and speak of nobody beyond", async () => {
    const [found, ...others] = await called(AGAIN).until(5000).findings("unanswered");
    expect(others).toEqual([]);
    expect(found?.text).toBe(`sent on and never answered: tcp ${CLIENT}.50007 > ${CONTAINER}.443 (3 times)`);
    expect(found?.hint).toMatch(/^it came out inside, and who has that address there did not answer/);
  });
});

/** A connection whose request is answered, and what its client says next crosses again and again. */
const stalled = (again: readonly number[] = [400, 800, 1600], text = "more") => {
  const scene = new Scene()
    .up(100, {}, syn)
    .down(110, {}, { flags: SYN_ACK })
    .up(112, {}, { flags: 0x18, seq: 1001, ack: 5001, text: "GET" })
    .down(122, {}, { flags: 0x18, seq: 5001, ack: 1004, text: "200" });
  for (const ms of [200, ...again]) scene.up(ms, {}, { flags: 0x18, seq: 1004, ack: 5004, text });
  return scene;
};

describe("unanswered, though its connection was answered before", () => {
  it("advises to try packets as long where it was long", async () => {
    const scenes = ["more", "more".repeat(300)].map((text) => stalled(undefined, text).until(4000));
    const [short, long] = await Promise.all(scenes.map((scene) => scene.findings("unanswered")));
    expect(short[0]?.hint).toMatch(/^ping and traceroute/);
    expect(long[0]?.hint).toMatch(/^ping -M do -s 1472 .* tracepath /);
  });

  it("is what crosses again and again, with the frames", async () => {
    const [found, ...others] = await stalled().until(4000).findings("unanswered");
    expect(others).toEqual([]);
    expect(found).toMatchObject({ count: 1, flows: [2], frames: { inside: [86, 87, 88], outside: [] } });
    expect(found?.text).toBe(
      "segments crossed again and again and were never acknowledged, and their other end sent nothing new: " +
        "tcp 172.17.0.2.40000 > 180.101.49.11.443 (3 times again)",
    );
  });

  it.each([
    ["is acknowledged in the end", stalled().down(1610, {}, { flags: 0x10, seq: 5004, ack: 1008 })],
    ["is acknowledged, and the answer is dropped", stalled().down(1610, {}, { flags: 16, ack: 1008 }, "outside")],
    ["was sent again twice", stalled([400, 800])],
    ["asks a full receiver for its window", stalled(undefined, "m")],
    [
      "the other end goes on behind",
      stalled()
        .down(1700, {}, { flags: 0x18, seq: 5004, ack: 1004, text: "wait" })
        .up(1701, {}, { flags: 0x10, seq: 1008, ack: 5008 }),
    ],
  ])("is not what %s", async (_, scene) => {
    expect(await scene.until(4000).findings("unanswered")).toEqual([]);
  });
});

/** What is found of datagrams that are asked ten times from one address, and so often from another one that nobody answers at. */
const asking = (answers: number, tries: number) => {
  const scene = new Scene();
  const [heard, unheard] = [
    { port: 40_010, service: 5300 },
    { nat: "10.0.2.16", port: 40_001, service: 5300 },
  ];
  for (let n = 0; n < 10; n++) scene.datagram(50 + 100 * n, heard, `ask ${n}`);
  for (let n = 0; n < answers; n++) scene.datagram(60 + 100 * n, heard, `say ${n}`, false);
  for (let n = 0; n < tries; n++) scene.datagram(70 + 100 * n, unheard, `ask ${n}`);
  return scene.until(4000).findings("several-nat-addresses");
};

describe("several-nat-addresses", () => {
  const other = { nat: "10.0.2.16" };

  /** Two connections from a second address that are never answered, beside one from the first that is, to that port. */
  const leaving = (service: number, server = SERVER) =>
    new Scene()
      .up(50, { port: 40_010, service, server }, syn)
      .down(60, { port: 40_010, service, server }, { flags: SYN_ACK })
      .up(100, { ...other, port: 40_001 }, { ...syn, seq: 7000 })
      .up(200, { ...other, port: 40_002 }, { ...syn, seq: 8000 })
      .up(1100, { ...other, port: 40_001 }, { ...syn, seq: 7000 });

  it("is one address that is answered, and one that never is", async () => {
    const found = await leaving(443).until(4000).findings("several-nat-addresses");
    expect(found).toMatchObject([{ severity: "warning", count: 2, flows: [3, 4] }]);
    expect(found[0]?.text).toBe(
      "tcp to 180.101.49.11 port 443 leaves from 10.0.2.15 and is answered, and from 10.0.2.16 and never is",
    );
  });

  it("is so of datagrams, too, where others like them are answered, and of one flow that tries often", async () => {
    expect(await asking(10, 10)).toMatchObject([{ count: 1, flows: [3] }]);
    expect(await asking(10, 7)).toEqual([]);
    // what is one-way but for a word now and then
    expect(await asking(2, 10)).toEqual([]);
  });

  it.each([
    ["traffic of another kind", leaving(80)],
    ["a server that answers, and one that does not", leaving(443, "198.51.100.7")],
    [
      "an address that something is answered at",
      leaving(443)
        .up(500, { ...other, port: 40_003, service: 22 }, syn)
        .down(510, { ...other, port: 40_003, service: 22 }, { flags: SYN_ACK }),
    ],
    [
      "a single flow",
      new Scene()
        .up(50, { port: 40_010 }, syn)
        .down(60, { port: 40_010 }, { flags: SYN_ACK })
        .up(100, { ...other, port: 40_001 }, syn),
    ],
  ])("is not %s", async (_, scene) => {
    expect(await scene.until(4000).findings("several-nat-addresses")).toEqual([]);
  });
});

const ack = (n: number) => ({ flags: 0x10, seq: 1001, ack: 5001 + 1000 * n });

/** What is found of pings whose replies come in on the inside alone. */
function pinged(pings: number) {
  const scene = new Scene();
  for (let n = 0; n < pings; n++) scene.ping(100 + 10 * n, n).ping(105 + 10 * n, n, true, "inside");
  return scene.until(4000).findings("asymmetric");
}

describe("asymmetric", () => {
  it("is what is acknowledged and never came by", async () => {
    const opened = new Scene().up(100, {}, syn).up(130, {}, ack(0)).until(1000);
    expect(await opened.findings("asymmetric")).toMatchObject([{ severity: "info", count: 1, flows: [2] }]);
    const midway = new Scene().up(100, {}, ack(0)).up(130, {}, ack(1)).until(1000);
    expect(await midway.findings("asymmetric")).toMatchObject([{ count: 1, flows: [2] }]);
  });

  it("is what is answered on its own side alone, too often to have been missed where the answers came in", async () => {
    expect(await pinged(4)).toMatchObject([{ count: 1, flows: [2] }]);
    expect(await pinged(3)).toEqual([]);
    const stream = new Scene();
    for (let n = 0; n < 5; n++)
      stream
        .datagram(100 + 10 * n, { service: 4500 }, `there ${n}`)
        .datagram(105 + 10 * n, { service: 4500 }, `and back ${n}`, false, "inside");
    expect(await stream.until(4000).findings("asymmetric")).toMatchObject([{ count: 1, flows: [2] }]);
  });

  it.each([
    ["what nobody answers", knocking(new Scene())],
    [
      "a query whose answer may have been missed",
      new Scene().datagram(100, {}, "?").datagram(110, {}, "!", false, "inside"),
    ],
    [
      "a sender whose peer is gone",
      new Scene()
        .up(100, {}, { ...ack(0), text: "?" })
        .up(300, {}, { ...ack(0), text: "?" })
        .up(700, {}, { ...ack(0), text: "?" }),
    ],
    ["what has both directions", new Scene().up(100, {}, syn).down(120, {}, { flags: SYN_ACK }).up(130, {}, ack(0))],
  ])("is not %s", async (_, scene) => {
    expect(await scene.until(4000).findings("asymmetric")).toEqual([]);
  });
});
