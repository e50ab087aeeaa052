import { expect, it } from "vitest";
import { SYN, SYN_ACK } from "../../traffic.js";
import { Scene } from "./scene.js";

/** A connection, which sends and is answered four times from each of some addresses of the NAT, one after the other. */
function going(scene: Scene, nats: readonly string[]): Scene {
  const [first] = nats;
  scene.up(100, { nat: first }, { flags: SYN }).down(110, { nat: first }, { flags: SYN_ACK });
  for (const [at, nat] of nats.entries()) {
    for (let n = 0; n < 4; n++) {
      const [ms, seq, ack] = [200 + 400 * at + 100 * n, 1001 + 40 * at + 10 * n, 5001 + 40 * at + 10 * n];
      scene
        .up(ms, { nat }, { seq, ack, text: `question ${n}` })
        .down(ms + 10, { nat }, { seq: ack, ack: seq + 10, text: `an answer ${n}` });
    }
  }
  return scene;
}

/** Datagrams from one address, and so long behind them from another one. */
function asking(afterMs: number, nat: string): Scene {
  const scene = new Scene();
  for (let n = 0; n < 4; n++) {
    scene.datagram(100 + 100 * n, {}, `ask ${n}`).datagram(110 + 100 * n, {}, `say ${n}`, false);
    const ms = 400 + afterMs + 100 * n;
    scene.datagram(ms, { nat }, `ask again ${n}`).datagram(ms + 10, { nat }, `say again ${n}`, false);
  }
  return scene;
}

/** Two such datagrams at a time, of hosts with the same address on two VLANs, each of which has its own address of the NAT. */
function alike(): Scene {
  const scene = new Scene();
  for (let n = 0; n < 8; n++) {
    for (const [at, nat] of ["10.0.2.15", "10.0.2.30"].entries()) {
      const ms = 100 + 200 * n + 100 * at;
      scene.datagram(ms, { nat }, `ask ${at} ${n}`).datagram(ms + 10, { nat }, `say ${at} ${n}`, false);
    }
  }
  return scene;
}

it("nat-address-changed is a conversation that goes on from another address of the NAT", async () => {
  const [found, ...others] = await going(new Scene(), ["10.0.2.15", "10.0.2.30"])
    .until(3000)
    .findings("nat-address-changed");
  expect(others).toEqual([]);
  expect(found).toMatchObject({ severity: "warning", count: 1, flows: [3] });
  expect(found?.text).toBe(
    "went on from another address of the NAT: tcp 172.17.0.2.40000 > 180.101.49.11.443 from 10.0.2.15, then from 10.0.2.30",
  );
  expect(await asking(500, "10.0.2.30").until(3000).findings("nat-address-changed")).toMatchObject([{ count: 1 }]);
});

it.each([
  ["a conversation that goes on as it was", going(new Scene(), ["10.0.2.15", "10.0.2.15"])],
  ["one of two that have the same ends, both of which go on", alike()],
  ["one that its translation may have been forgotten of", asking(40_000, "10.0.2.30")],
  [
    "another connection by the same port",
    going(new Scene(), ["10.0.2.15"])
      .up(1000, { nat: "10.0.2.30" }, { flags: SYN, seq: 900_000 })
      .down(1010, { nat: "10.0.2.30" }, { flags: SYN_ACK, seq: 700_000, ack: 900_001 }),
  ],
])("nat-address-changed is not %s", async (_, scene) => {
  expect(await scene.until(42_000).findings("nat-address-changed")).toEqual([]);
});
