import { expect, it } from "vitest";
import { readSnapshot } from "../../../src/host/snapshot/host-facts.js";
import { publishedOf } from "../../../src/host/snapshot/published.js";

const port = (hostAddress: string, hostPort: number, containerPort: number, proto = "tcp"): object => ({
  proto,
  hostAddress,
  hostPort,
  containerPort,
});

const FACTS = readSnapshot(
  JSON.stringify({
    format: "natcorr-snapshot",
    version: 1,
    time: "9.000000000",
    docker: {
      containers: [
        {
          id: "1",
          name: "web",
          started: "7.000000000",
          published: [port("0.0.0.0", 88, 80), port("::", 88, 80), port("::1", 9, 80)],
        },
        {
          id: "2",
          name: "dns",
          labels: { "com.docker.compose.service": "names" },
          published: [port("127.0.0.1", 53, 53, "udp"), 7, port("?", 1, 1)],
        },
      ],
    },
    dockerProxies: [
      { pid: 5, ...port("0.0.0.0", 88, 80) },
      { pid: 6, ...port("::", 88, 80) },
      { pid: 7, ...port("0.0.0.0", 88, 80, "udp") },
    ],
  }),
);

it("each port is listed once, on however many addresses, with the processes that hold it", () => {
  const web = { proto: "tcp", container: "web", containerPort: 80, sinceNs: 7_000_000_000n };
  const dns = { proto: "udp", container: "dns", containerPort: 53, sinceNs: 9_000_000_000n };
  expect(publishedOf(FACTS)).toEqual([
    { ...web, hostAddresses: ["::1"], hostPort: 9, pids: [] },
    { ...dns, hostAddresses: ["127.0.0.1"], hostPort: 53, pids: [] },
    { ...web, hostAddresses: ["0.0.0.0", "::"], hostPort: 88, pids: [5, 6] },
  ]);
  expect(publishedOf(FACTS, new Set(["names"])).map(({ container }) => container)).toEqual(["dns"]);
});
