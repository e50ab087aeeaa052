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
    { ...web, hostAddresses: ["::1"], hostPort: 9, pids: [], isGone: false },
    { ...dns, hostAddresses: ["127.0.0.1"], hostPort: 53, pids: [], isGone: false },
    { ...web, hostAddresses: ["0.0.0.0", "::"], hostPort: 88, pids: [5, 6], isGone: false },
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
  book.take({ ...FACTS, containers: [], proxies: [] });
  expect(book.all.map(({ pids, isGone }) => [pids, isGone])).toEqual(book.all.map(() => [[], true]));
});

it("what holds a port is what was read last of its container, or could not be read", () => {
  const book = portsOf();
  const [container] = FACTS.containers ?? [];
  const held = () =>
    book.all.filter(({ hostPort }) => hostPort === 88).map(({ pids, isGone }) => (isGone ? "gone" : pids));
  // neither the processes can be read any more, nor Docker asked
  book.take({ ...FACTS, proxies: undefined });
  book.take({ ...FACTS, containers: undefined, proxies: undefined });
  expect(held()).toEqual([[5, 6]]);
  // another network's address is the same container's
  book.take({ timeNs: 10n, id: "1", container });
  expect(held()).toEqual([[5, 6]]);
  book.take({ timeNs: 11n, id: "1", container: undefined });
  expect(held()).toEqual(["gone"]);
  // begun once more, it has others
  book.take({ timeNs: 12n, id: "1", container });
  expect(held()).toEqual([undefined]);
  book.take({ ...FACTS, containers: undefined });
  expect(held()).toEqual([[5, 6]]);
  // made anew, with its name
  book.take({ timeNs: 13n, id: "1", container: undefined });
  book.take({ timeNs: 14n, id: "2", container: { ...container, id: "2" } });
  expect(held()).toEqual([undefined]);
});

it("a snapshot tells whether the docker-proxies could be read", () => {
  const missing = [{ source: "docker-proxy", why: "not permitted" }];
  const taken = { format: "natcorr-snapshot", version: 1, time: "9.000000000", dockerProxies: [] };
  expect(readSnapshot(JSON.stringify({ ...taken, missing })).proxies).toBeUndefined();
  expect(readSnapshot(JSON.stringify({ ...taken, missing: [] })).proxies).toEqual([]);
});
