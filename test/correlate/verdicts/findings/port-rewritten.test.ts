import { expect, it } from "vitest";
import { CONTAINER, datagram, HOST, SERVER } from "../../traffic.js";
import { Scene } from "./scene.js";

/** Datagrams of a container from port 5000 to port 9000, which leave from each of some ports in turn, and answers: their ports do not tell who began. */
function talking(ports: readonly number[]): Scene {
  const scene = new Scene();
  for (const [at, port] of ports.entries()) {
    for (let n = 0; n < 4; n++) {
      const ms = 100 + 500 * at + 50 * n;
      const ask = { dst: SERVER, dstPort: 9000, ipId: 700 + 10 * at + n, text: `ask ${at} ${n}` };
      const say = { src: SERVER, srcPort: 9000, ipId: 0, text: `say ${at} ${n}` };
      scene
        .alone(ms, "inside", datagram({ src: CONTAINER, srcPort: 5000, ttl: 64, ...ask }))
        .alone(ms + 0.02, "outside", datagram({ src: HOST, srcPort: port, ttl: 63, ...ask }))
        .alone(ms + 10, "outside", datagram({ dst: HOST, dstPort: port, ttl: 53, ...say }))
        .alone(ms + 10.01, "inside", datagram({ dst: CONTAINER, dstPort: 5000, ttl: 52, ...say }));
    }
  }
  return scene.until(3000);
}

it("port-rewritten is a conversation of which it is not known who began, once it has had several ports outside", async () => {
  expect(await talking([5000, 60_000, 5000]).findings("port-rewritten")).toMatchObject([{ count: 1, flows: [3] }]);
  expect(await talking([60_000, 5000]).findings("port-rewritten")).toMatchObject([{ count: 1, flows: [2] }]);
});

it("port-rewritten is none where it had one: that may be a published port", async () => {
  expect(await talking([60_000]).findings("port-rewritten")).toEqual([]);
  expect(await talking([5000]).findings("port-rewritten")).toEqual([]);
});
