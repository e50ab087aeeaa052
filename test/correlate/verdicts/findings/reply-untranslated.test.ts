import { expect, it } from "vitest";
import { CONTAINER, segment, SYN, SYN_ACK } from "../../traffic.js";
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
    "answers came through untranslated, and were reset: those of flow 2 as flow 3, tcp 172.17.0.2.40000 > 172.18.0.3.8080",
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
