import { expect, it } from "vitest";
import { readSnapshot } from "../../../src/host/snapshot/host-facts.js";
import { PortBook } from "../../../src/host/snapshot/published.js";

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
      // another container's, of the same number
      { pid: 8, ...port("10.0.2.99", 88, 80) },
    ],
  }),
);

function portsOf(words?: ReadonlySet<string>): PortBook {
  const book = new PortBook(words);
  book.take(FACTS);
  return book;
}

it("each port is listed once, on however many addresses, with the processes that hold it", () => {
  const web = {
    proto: "tcp",
    container: "web",
    containerIds: new Set(["1"]),
    containerPort: 80,
    containerLinks: new Set(),
  };
  const dns = {
    proto: "udp",
    container: "dns",
    containerIds: new Set(["2"]),
    containerPort: 53,
    containerLinks: new Set(),
  };
  expect(portsOf().all).toEqual([
    { ...web, hostAddresses: ["::1"], hostPort: 9, pids: [] },
    { ...dns, hostAddresses: ["127.0.0.1"], hostPort: 53, pids: [] },
    { ...web, hostAddresses: ["0.0.0.0", "::"], hostPort: 88, pids: [5, 6] },
  ]);
  expect(portsOf(new Set(["names"])).all.map(({ container }) => container)).toEqual(["dns"]);
});

it("a container that is renamed has one line, by its last name, and so have those that come to its name one after the other", () => {
  const book = portsOf();
  const [container] = FACTS.containers ?? [];
  const lines = () =>
    book.all.filter(({ hostPort }) => hostPort === 88).map((each) => [each.container, Array.from(each.containerIds)]);
  book.take({ timeNs: 10n, id: "1", container: { ...container, name: "old" } });
  expect(lines()).toEqual([["old", ["1"]]]);
  // another one takes the name that it had
  book.take({ timeNs: 11n, id: "3", container: { ...container, id: "3" } });
  book.take({ timeNs: 12n, id: "4", container: { ...container, id: "4" } });
  expect(lines()).toEqual([
    ["old", ["1"]],
    ["web", ["3", "4"]],
  ]);
});

it("a port is listed from when its container begins, and stays when it ends; then nobody holds it", () => {
  const book = portsOf();
  const before = book.all;
  expect(book.all).toBe(before);
  const [container] = FACTS.containers ?? [];
  book.take({ timeNs: 10n, id: "3", container: { ...container, id: "3", name: "new" } });
  book.take({ timeNs: 11n, id: "3", container: undefined });
  expect(book.all.map((each) => each.container)).toEqual(["web", "new", "dns", "web", "new"]);
  expect(book.all[3]).toBe(before[2]);
  // on another network than before
  for (const link of ["docker0", undefined])
    book.take({
      timeNs: 12n,
      id: "1",
      container: { ...container, addresses: [{ address: "172.17.0.2", network: "bridge", endpoint: undefined, link }] },
    });
  expect(book.all[3].containerLinks).toEqual(new Set(["docker0", undefined]));
  // the port is another one's by now, and so are the processes that hold it
  book.take({ ...FACTS, containers: [{ ...container, id: "4", name: "next" }] });
  const holding = book.all.filter(({ hostPort }) => hostPort === 88).map(({ container: name, pids }) => [name, pids]);
  expect(holding).toEqual([
    ["web", []],
    ["new", []],
    ["next", [5, 6]],
  ]);
  book.take({ ...FACTS, containers: undefined, proxies: [] });
  expect(book.all.filter(({ pids }) => pids.length > 0)).toEqual([]);
});
