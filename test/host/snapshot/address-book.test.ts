import { describe, expect, it } from "vitest";
import { NO_MAC } from "../../../src/protocols/mac.js";
import { AddressBook } from "../../../src/host/snapshot/address-book.js";
import {
  type HostFacts,
  type KnownChange,
  type KnownContainer,
  readSnapshot,
} from "../../../src/host/snapshot/host-facts.js";

const S = 1_000_000_000n;

/** A container that began so many seconds after 1970, with an address. */
function container(
  name: string,
  startedS: number,
  address: string,
  more: Partial<KnownContainer> = {},
): KnownContainer {
  return {
    id: `id of ${name}`,
    name,
    startedNs: BigInt(startedS) * S,
    networkMode: "bridge",
    addresses: address === "" ? [] : [{ address, network: "bridge", endpoint: undefined }],
    published: [],
    labels: new Map(),
    ...more,
  };
}

function snapshot(atS: number, ...containers: readonly KnownContainer[]): HostFacts {
  return { ...readSnapshot('{"format":"natcorr-snapshot","version":1}'), timeNs: BigInt(atS) * S, containers };
}

/** What is known by what a host said. */
function bookOf(...said: readonly (HostFacts | KnownChange)[]): AddressBook {
  const book = new AddressBook();
  for (const news of said) book.take(news);
  return book;
}

/** A container began, or is another than before. */
const changed = (atS: number, now: KnownContainer): KnownChange => ({
  timeNs: BigInt(atS) * S,
  id: now.id,
  container: now,
});
const ended = (atS: number, { id }: KnownContainer): KnownChange => ({
  timeNs: BigInt(atS) * S,
  id,
  container: undefined,
});

/** Who has 172.17.0.2 at some seconds. */
function tenants(said: readonly (HostFacts | KnownChange)[], ...atS: readonly number[]): (string | undefined)[] {
  const book = bookOf(...said);
  return atS.map((second) => book.having("172.17.0.2", BigInt(second) * S)?.name);
}

const at = (mac: number) => ({ addresses: [{ address: "172.17.0.9", network: "bridge", endpoint: undefined, mac }] });

describe("a MAC address", () => {
  it("is a container's that has it, or has had it, unless it is the host's", () => {
    const [old, now, hosts] = [
      container("old", 1, "", at(7)),
      container("now", 2, "", at(8)),
      container("own", 3, "", at(9)),
    ];
    const book = bookOf(snapshot(10, old), ended(11, old), changed(12, now), {
      ...snapshot(13, now, hosts),
      macs: [9],
    });
    expect([7, 8, 9, 5, NO_MAC].map((mac) => book.isContainersMac(mac))).toEqual([true, true, false, false, false]);
    expect([7, 8, 9, 5].map((mac) => book.isOwnMac(mac))).toEqual([false, false, true, false]);
    expect(bookOf(snapshot(10, old)).isOwnMac(7)).toBeUndefined();
    expect(bookOf(snapshot(13, now)).having("172.17.0.9", 13n * S)?.mac).toBe(8);
  });
});

const WEB = container("web", 100, "172.17.0.2");
const NEXT = container("next", 300, "172.17.0.2");

/** `WEB`, by its end of a network. */
function connected(network: string, endpoint?: string): KnownContainer {
  return { ...WEB, addresses: [{ address: "172.17.0.2", network, endpoint }] };
}

describe("an address", () => {
  it("is a container's since that began: who had it before is not known", () => {
    expect(tenants([snapshot(200, WEB)], 99, 100, 200, 999)).toEqual([undefined, "web", "web", "web"]);
    const book = bookOf(snapshot(200, WEB));
    expect(book.having("172.17.0.3", 200n * S)).toBeUndefined();
    // Docker notes the beginning when the process runs already
    expect(book.having("172.17.0.2", 100n * S - 6_000_000n)?.name).toBe("web");
  });

  it("where no beginning is told, is a container's since the snapshot", () => {
    expect(tenants([snapshot(200, { ...WEB, startedNs: undefined })], 199, 200)).toEqual([undefined, "web"]);
  });

  it("is one container's and then another's, and of what changed unseen in between, nobody's", () => {
    const both = [snapshot(200, WEB), snapshot(400, NEXT)];
    expect(tenants(both, 150, 199, 200, 299, 300, 500)).toEqual(["web", "web", undefined, undefined, "next", "next"]);
    const gone = [snapshot(150, WEB), snapshot(200), snapshot(400, NEXT)];
    expect(tenants(gone, 149, 150, 299, 300)).toEqual(["web", undefined, undefined, "next"]);
  });

  it("that a container got later than it began is its own once it was seen to have it", () => {
    const old = container("old", 50, "172.17.0.2");
    expect(tenants([snapshot(200, WEB), snapshot(400, old)], 150, 200, 399, 400)).toEqual([
      "web",
      undefined,
      undefined,
      "old",
    ]);
    expect(tenants([snapshot(200, WEB), snapshot(400, WEB)], 150, 200, 400)).toEqual(["web", "web", "web"]);
    const again = [snapshot(200, WEB), snapshot(400, { ...WEB, startedNs: 300n * S })];
    expect(tenants(again, 199, 200, 299, 300)).toEqual(["web", undefined, undefined, "web"]);
    const joined = [snapshot(200, { ...WEB, addresses: [] }), changed(300, WEB)];
    expect(tenants(joined, 200, 299, 300)).toEqual([undefined, undefined, "web"]);
    const lent = [snapshot(50), changed(100, { ...WEB, addresses: [] }), changed(300, WEB)];
    expect(tenants(lent, 100, 299, 300)).toEqual([undefined, undefined, "web"]);
  });

  it("is nobody's between two snapshots that have its container connected anew", () => {
    const [one, other] = ["one", "other"].map((endpoint) => connected("bridge", endpoint));
    const anew = [snapshot(200, one), snapshot(400, other)];
    expect(tenants(anew, 199, 200, 399, 400)).toEqual(["web", undefined, undefined, "web"]);
    expect(tenants([snapshot(200, one), snapshot(400, one)], 200, 399, 400)).toEqual(["web", "web", "web"]);
  });

  it("in a network that its container was not made for is known to be its own since the snapshot", () => {
    const [app] = connected("app").addresses;
    const later = { ...WEB, addresses: [app, { ...app, network: "bridge", address: "172.17.0.9" }] };
    expect(tenants([snapshot(200, later)], 199, 200)).toEqual([undefined, "web"]);
    // Podman does not tell what it was made for
    expect(tenants([snapshot(200, connected("podman"))], 100)).toEqual(["web"]);
  });

  it("is a container's until it ends, and the next one's from when that began", () => {
    const replaced = [snapshot(200, WEB), ended(250, WEB), changed(302, NEXT), ended(400, NEXT), snapshot(500)];
    expect(tenants(replaced, 150, 249, 250, 299, 300, 399, 400, 600)).toEqual([
      "web",
      "web",
      undefined,
      undefined,
      "next",
      "next",
      undefined,
      undefined,
    ]);
    // it is told of the end late: until then, two had the address
    const late = [snapshot(200, WEB), changed(302, NEXT), ended(303, WEB)];
    expect(tenants(late, 250, 301, 302, 303)).toEqual(["web", "web", undefined, "next"]);
  });

  it("is the same container's once it was renamed, and once it began again", () => {
    const renamed = [snapshot(200, WEB), changed(300, { ...WEB, name: "www" })];
    expect(tenants(renamed, 299, 300)).toEqual(["web", "www"]);
    const again = [snapshot(200, WEB), ended(300, WEB), changed(310, { ...WEB, startedNs: 309n * S })];
    expect(tenants(again, 299, 300, 309)).toEqual(["web", undefined, "web"]);
    expect(bookOf(...renamed).namesOf("172.17.0.2")).toEqual(["web", "www"]);
  });

  it("tells which addresses others have than before", () => {
    const book = new AddressBook();
    const ports = [{ proto: "tcp", hostAddress: "0.0.0.0", hostPort: 88, containerPort: 80 }];
    expect(book.take(snapshot(200, { ...WEB, published: ports }))).toEqual(["172.17.0.2"]);
    expect(book.take(snapshot(300, { ...WEB, published: ports }))).toEqual([]);
    expect(book.take(ended(400, WEB))).toEqual([]);
    expect(book.take(changed(401, NEXT))).toEqual(["172.17.0.2"]);
  });

  it("is forgotten once so many containers ended since, and what goes on is not", () => {
    const book = bookOf(snapshot(1, container("stays", 0, "10.0.0.1")));
    for (let second = 2; second < 40_000; second += 2) {
      const short = container("short", second, "172.17.0.2");
      book.take(changed(second, short));
      book.take(ended(second + 1, short));
    }
    expect(book.changesNs.length).toBeLessThan(2 * 20_000);
    const at = (address: string, second: number) => book.having(address, BigInt(second) * S)?.name;
    expect([at("172.17.0.2", 2), at("172.17.0.2", 39_998), at("10.0.0.1", 2)]).toEqual([undefined, "short", "stays"]);
  });

  it("is one's for a while where it did not change hands meanwhile", () => {
    const book = bookOf(snapshot(200, WEB), ended(290, WEB), changed(301, NEXT));
    const during = (fromS: number, throughS: number) =>
      book.having("172.17.0.2", BigInt(fromS) * S, BigInt(throughS) * S)?.name;
    expect([during(150, 289), during(150, 290), during(300, 500), during(50, 150)]).toEqual([
      "web",
      undefined,
      "next",
      undefined,
    ]);
    const { changesNs } = book;
    expect(changesNs).toEqual([100n * S - 50_000_000n, 290n * S, 300n * S - 50_000_000n]);
    expect(book.changesNs).toBe(changesNs);
  });

  it("of two at once is neither's", () => {
    expect(tenants([snapshot(400, WEB, NEXT)], 350)).toEqual([undefined]);
  });
});

/** The labels of a service's container. */
function compose(service: string): Partial<KnownContainer> {
  return { labels: new Map([["com.docker.compose.service", service]]) };
}

const port = (hostAddress: string) => ({ proto: "tcp", hostAddress, hostPort: 88, containerPort: 80 });

it("a published port of an address of the host's is a container's, for as long as its address is", () => {
  const web = { ...WEB, published: [port("0.0.0.0")] };
  const next = { ...NEXT, published: [port("10.0.2.16")] };
  const addresses = ["10.0.2.15", "10.0.2.16", "fd00::1"];
  const book = bookOf({ ...snapshot(400, web, next), addresses });
  const publishing = (address: string, atS: number, proto = "tcp", number = 88) =>
    book.publishing(proto, address, number, BigInt(atS) * S)?.name;
  expect([99, 100].map((atS) => publishing("10.0.2.15", atS))).toEqual([undefined, "web"]);
  expect(publishing("10.0.2.16", 400)).toBe("next");
  for (const other of [publishing("10.0.2.99", 400), publishing("fd00::1", 400), publishing("10.0.2.15", 400, "udp")])
    expect(other).toBeUndefined();
  expect(publishing("10.0.2.15", 400, "tcp", 80)).toBeUndefined();
});

it("containers that share an address are named together, and go by all of their names and services", () => {
  const side = container("side", 150, "", { networkMode: "container:id of web", ...compose("proxy") });
  const other = container("other", 150, "", { networkMode: "container:id of next" });
  const host = container("agent", 150, "", { networkMode: "host" });
  const book = bookOf(snapshot(200, { ...WEB, ...compose("front") }, side, other, host));
  const named = book.having("172.17.0.2", 200n * S);
  expect(named?.name).toBe("web+side");
  expect([...(named?.words ?? [])].toSorted()).toEqual(["front", "proxy", "side", "web"]);
  expect([...book.words].toSorted()).toEqual(["front", "proxy", "side", "web"]);
});

it("tells what containers have now, by their names and services", () => {
  const published = [{ proto: "tcp", hostAddress: "0.0.0.0", hostPort: 88, containerPort: 80 }];
  const book = bookOf(snapshot(200, { ...WEB, ...compose("front"), published }, container("c1", 100, "172.17.0.3")));
  const web = { addresses: ["172.17.0.2"], ports: [{ proto: "tcp", port: 88 }] };
  expect(book.of(new Set(["web"]))).toEqual(web);
  expect(book.of(new Set(["front", "nobody"]))).toEqual(web);
  expect(book.of(new Set(["c1", "web"])).addresses).toEqual(["172.17.0.2", "172.17.0.3"]);
  book.take(ended(300, WEB));
  expect(book.of(new Set(["web"]))).toEqual({ addresses: [], ports: [] });
});

/** One that publishes a port. */
const publishingSince = (name: string, startedS: number) =>
  container(name, startedS, "", {
    published: [{ proto: "tcp", hostAddress: "0.0.0.0", hostPort: 88, containerPort: 80 }],
  });

/** Who published it before, at some seconds when nobody did. */
const publishedBefore = (said: readonly (HostFacts | KnownChange)[], ...atS: readonly number[]) =>
  atS.map((each) => bookOf(...said).publishedBefore("tcp", "10.0.2.15", 88, BigInt(each) * S)?.name);

it("a port is nobody's once its container ended, until another one begins, where the host told both as they happened", () => {
  const [web, next] = [publishingSince("web", 100), publishingSince("next", 300)];
  const here = (atS: number, ...containers: readonly KnownContainer[]) => ({
    ...snapshot(atS, ...containers),
    addresses: ["10.0.2.15"],
  });
  const told = [here(150, web), ended(200, web), changed(301, next), ended(400, next)];
  // nothing is known yet of what comes behind the last word
  expect(publishedBefore(told, 99, 199, 200, 250, 300, 350, 400, 401)).toEqual([
    undefined,
    undefined,
    "web",
    "web",
    undefined,
    undefined,
    "next",
    undefined,
  ]);
  expect(publishedBefore([...told, here(500)], 450)).toEqual(["next"]);
  // snapshots alone do not tell when
  expect(publishedBefore([here(150, web), here(200), here(500)], 250)).toEqual([undefined]);
  expect(publishedBefore([here(150, web), ended(200, web), here(350, next)], 250)).toEqual([undefined]);
  expect(publishedBefore([snapshot(150, web), ended(200, web), snapshot(500)], 250)).toEqual([undefined]);
});
