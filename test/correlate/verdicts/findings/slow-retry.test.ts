import { expect, it } from "vitest";
import { ACK, RST } from "../../../../src/protocols/tcp.js";
import { SYN, SYN_ACK } from "../../traffic.js";
import { Scene } from "./scene.js";

const query = (scene: Scene, ms: number, where: "both" | "inside") => scene.datagram(ms, {}, "AAAA?", true, where);

/** A query for one address is answered at once, the one for the other is dropped, and sent again. */
const resolving = (againMs: number) =>
  query(
    query(new Scene().datagram(100, {}, "A?"), 100.1, "inside").datagram(110, {}, "1.2.3.4", false),
    againMs,
    "both",
  );

it("slow-retry is a query that is dropped and sent again seconds later, with both frames", async () => {
  const scene = resolving(5100).datagram(5110, {}, "::1", false).until(7000);
  const [found, ...others] = await scene.findings("slow-retry");
  expect(others).toEqual([]);
  expect(found).toMatchObject({ severity: "warning", count: 1, flows: [2], frames: { inside: [82, 84], outside: [] } });
  expect(found?.text).toBe(
    "dropped, and sent again after a long wait: udp 172.17.0.2.40000 > 180.101.49.11.53 inside #82, again #84 5.00 s later",
  );
});

it("slow-retry is a SYN, too", async () => {
  const scene = new Scene()
    .up(100, {}, { flags: SYN }, "inside")
    .up(1100, {}, { flags: SYN })
    .down(1110, {}, { flags: SYN_ACK })
    .until(3000);
  expect(await scene.findings("slow-retry")).toMatchObject([{ count: 1, frames: { inside: [81, 82] } }]);
});

it("slow-retry of what was sent several times in vain is one wait", async () => {
  const scene = new Scene()
    .up(100, {}, { flags: SYN }, "inside")
    .up(1100, {}, { flags: SYN }, "inside")
    .up(3100, {}, { flags: SYN })
    .down(3110, {}, { flags: SYN_ACK })
    .until(5000);
  const [found] = await scene.findings("slow-retry");
  expect(found).toMatchObject({ count: 1, frames: { inside: [81, 82, 83] } });
  expect(found?.text).toContain("inside #81 #82, again #83 3.00 s later");
});

/** A datagram of a stream is dropped; ten more cross before its like comes again. */
const streaming = () => {
  const scene = query(new Scene().datagram(100, {}, "A?").datagram(110, {}, "1.2.3.4", false), 200, "inside");
  for (let n = 0; n < 10; n++) scene.datagram(1500 + 100 * n, {}, `beat ${n}`);
  return query(scene, 3000, "both");
};

it.each([
  ["part of a stream", streaming()],
  ["sent again at once", resolving(200)],
  ["never sent again", query(new Scene().datagram(100, {}, "A?"), 100.1, "inside").datagram(110, {}, "1.2.3.4", false)],
  ["lost beyond", new Scene().datagram(100, {}, "A?").datagram(5100, {}, "A?").datagram(5110, {}, "1.2.3.4", false)],
  [
    "an answer that comes with another query",
    new Scene()
      .datagram(100, {}, "beat")
      .datagram(110, {}, "ack", false, "outside")
      .datagram(1100, {}, "beat")
      .datagram(1110, {}, "ack", false),
  ],
  ["never answered", query(query(new Scene(), 100, "inside"), 5100, "both")],
])("slow-retry is not what is %s", async (_, scene) => {
  expect(await scene.until(7000).findings("slow-retry")).toEqual([]);
});

it("a drop is of one flow, where its conversation had several, one after the other: in its row, and of slow-retry", async () => {
  const scene = new Scene();
  const connect = (ms: number, seq: number, nat: string) => {
    scene.up(ms, { nat }, { flags: SYN, seq }).down(ms + 1, { nat }, { flags: SYN_ACK, seq: 7 * seq, ack: seq + 1 });
    scene.up(ms + 2, { nat }, { flags: ACK, seq: seq + 1, ack: 7 * seq + 1 });
  };
  const end = (ms: number, seq: number, nat: string) =>
    scene.up(ms, { nat }, { flags: RST | ACK, seq: seq + 1, ack: 7 * seq + 1 });
  connect(100, 10_000, "10.0.2.15");
  end(110, 10_000, "10.0.2.15");
  connect(200, 20_000, "10.0.2.16");
  end(210, 20_000, "10.0.2.16");
  scene.up(300, {}, { flags: SYN, seq: 30_000 }, "inside");
  connect(1320, 30_000, "10.0.2.17");
  const { flows, findings } = await scene.until(3000).outcome();
  const flowsOf = (sought: string) => findings.filter(({ code }) => code === sought).map(({ flows: ids }) => ids);
  expect([flowsOf("dropped"), flowsOf("slow-retry")]).toEqual([[[3]], [[3]]]);
  expect(flows.map(({ insideOnly }) => insideOnly)).toEqual([0, 0, 1, 0]);
});
