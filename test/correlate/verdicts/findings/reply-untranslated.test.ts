import { expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { CLIENT, CONTAINER, conversation, HOST, merged, OTHER, segment, SYN, SYN_ACK } from "../../traffic.js";
import { Scene } from "./scene.js";

const SERVICE = ["10.96.0.10", 80] as const;
const BACKEND = ["172.18.0.3", 8080] as const;
const RST = 0x04;

/** A connection to a service's address: outside, it is to a backend. `seen`: what that is inside. */
class ToService extends Scene {
  #id = 30_000;

  request(
    ms: number,
    of: { seq: number; ack: number; flags?: number },
    [dst, dstPort]: readonly [string, number],
  ): this {
    const all = { src: CONTAINER, srcPort: 40_000, ipId: ++this.#id, ...of };
    this.alone(ms, "inside", segment({ ...all, dst, dstPort, ttl: 64 }));
    return this.alone(ms + 0.02, "outside", segment({ ...all, dst: BACKEND[0], dstPort: BACKEND[1], ttl: 63 }));
  }

  answer(
    ms: number,
    of: { seq: number; ack: number; flags?: number; text?: string },
    [src, srcPort]: readonly [string, number],
  ): this {
    const all = { dst: CONTAINER, dstPort: 40_000, ipId: ++this.#id, ...of };
    this.alone(ms, "outside", segment({ ...all, src: BACKEND[0], srcPort: BACKEND[1], ttl: 63 }));
    return this.alone(ms + 0.01, "inside", segment({ ...all, src, srcPort, ttl: 62 }));
  }
}

const opened = () =>
  new ToService()
    .request(100, { seq: 999, ack: 0, flags: SYN }, SERVICE)
    .answer(110, { seq: 4999, ack: 1000, flags: SYN_ACK }, SERVICE)
    .request(111, { seq: 1000, ack: 5000 }, SERVICE)
    .answer(130, { seq: 5000, ack: 1000, text: "news" }, SERVICE);
const stray = () => opened().answer(200, { seq: 3000, ack: 1000, text: "olds" }, BACKEND);

it("reply-untranslated is an answer from the backend's own address that is reset, with both flows; and no leak", async () => {
  const scene = stray().request(200.1, { seq: 1000, ack: 0, flags: RST }, BACKEND).until(2000);
  const [found, ...others] = await scene.findings("reply-untranslated");
  expect(others).toEqual([]);
  expect(found).toMatchObject({ severity: "warning", count: 1, flows: [2, 3], more: 0 });
  expect(found?.text).toBe(
    "answers came through untranslated, and were reset: those of flow 2, seen as flow 3 (tcp 172.17.0.2.40000 > 172.18.0.3.8080)",
  );
  expect(await scene.findings("leak")).toEqual([]);
});

it.each([
  ["a service whose answers are translated", opened()],
  [
    "a reset of a connection to the backend itself",
    new ToService()
      .request(100, { seq: 999, ack: 0, flags: SYN }, BACKEND)
      .answer(110, { seq: 4999, ack: 1000, flags: SYN_ACK }, BACKEND)
      .request(111, { seq: 1000, ack: 0, flags: RST }, BACKEND),
  ],
  [
    "what nobody resets, as br_netfilter shows it",
    stray().answer(210, { seq: 3004, ack: 1000, text: "more" }, BACKEND),
  ],
])("reply-untranslated is not %s", async (_, scene) => {
  expect(await scene.until(2000).findings("reply-untranslated")).toEqual([]);
});

it("reply-untranslated is an answer that a bridge passes on by itself to who called a published port, and that resets it", async () => {
  const known = conversation(10);
  const later = conversation(4, { startUs: 3_000_000, seed: 5 });
  const inside: Stamped[] = [];
  for (let n = 0; n < 3; n++) {
    const from = 100_000 * (n + 1);
    const seq = 70_001 * (n + 1);
    const call = { src: CONTAINER, srcPort: 41_000 + n, seq, ack: 0, flags: SYN, ipId: 60 + n };
    inside.push(us(from, segment({ ...call, dst: HOST, dstPort: 88, ttl: 64 })));
    inside.push(us(from + 20, segment({ ...call, dst: OTHER, dstPort: 80, ttl: 63 })));
    const back = { src: OTHER, srcPort: 80, dst: CONTAINER, dstPort: 41_000 + n, ttl: 64 };
    inside.push(us(from + 40, segment({ ...back, seq: 900, ack: seq + 1, flags: SYN_ACK, ipId: 0 })));
    const reset = { src: CONTAINER, srcPort: 41_000 + n, dst: OTHER, dstPort: 80, ttl: 64, ipId: 0 };
    inside.push(us(from + 50, segment({ ...reset, seq: seq + 1, ack: 0, flags: RST })));
  }
  const { alone, findings } = await outcomeOf(
    merged(known.inside, inside, later.inside),
    merged(known.outside, later.outside),
  );
  expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(
    Array.from({ length: 3 }, () => ["local reset-untranslated", "local same-link"]).flat(),
  );
  const found = findings.find(({ code }) => code === "reply-untranslated");
  expect(found?.hint).toMatch(/^a bridge passes on by itself .*MASQUERADE/);
  expect(found?.text).toBe(
    "answers went straight to a neighbour, their translation not undone, and were reset: inside #13 of flow 2 by #14, inside #17 of flow 3 by #18, inside #21 of flow 4 by #22",
  );
});

/** A connection to a published port that the container resets, and answers all the same. */
class ToPublished extends Scene {
  #id = 40_000;

  call(ms: number, flags: number, dst: readonly [string, number] = [HOST, 8080]): this {
    const all = { src: CLIENT, srcPort: 50_000, ipId: ++this.#id, seq: 999, ack: 0, flags };
    this.alone(ms, "outside", segment({ ...all, dst: dst[0], dstPort: dst[1], ttl: 64 }));
    return this.alone(ms + 0.02, "inside", segment({ ...all, dst: CONTAINER, dstPort: 80, ttl: 63 }));
  }

  answer(ms: number, flags: number, src: readonly [string, number]): this {
    const all = {
      dst: CLIENT,
      dstPort: 50_000,
      ipId: ++this.#id,
      seq: flags === SYN_ACK ? 7_654_321 : 0,
      ack: 1000,
      flags,
    };
    this.alone(ms, "inside", segment({ ...all, src: CONTAINER, srcPort: 80, ttl: 64 }));
    return this.alone(ms + 0.02, "outside", segment({ ...all, src: src[0], srcPort: src[1], ttl: 63 }));
  }
}

const resetAtFirst = () => new ToPublished().call(100, SYN).answer(101, RST | 0x10, [HOST, 8080]);

it("reply-untranslated is an answer that leaves from a container's own address, once the NAT has forgotten its translation", async () => {
  const scene = resetAtFirst().answer(102, SYN_ACK, [CONTAINER, 80]).answer(1102, SYN_ACK, [CONTAINER, 80]).until(3000);
  const [found, ...others] = await scene.findings("reply-untranslated");
  expect(others).toEqual([]);
  expect(found).toMatchObject({ severity: "warning", count: 1, flows: [2, 3] });
  expect(found?.text).toBe(
    `answers left from their own address, untranslated: those of flow 2, seen as flow 3 (tcp ${CLIENT}.50000 > ${CONTAINER}.80)`,
  );
});

it.each([
  ["the translation stays", resetAtFirst().answer(102, SYN_ACK, [HOST, 8080])],
  [
    "who opened it calls by that address, too",
    resetAtFirst().call(200, SYN, [CONTAINER, 80]).answer(201, SYN_ACK, [CONTAINER, 80]),
  ],
])("reply-untranslated is none where %s", async (_, scene) => {
  expect(await scene.until(3000).findings("reply-untranslated")).toEqual([]);
});
