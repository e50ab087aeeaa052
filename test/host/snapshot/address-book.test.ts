import { describe, expect, it } from "vitest";
import { AddressBook } from "../../../src/host/snapshot/address-book.js";
import { type HostFacts, type KnownContainer, readSnapshot } from "../../../src/host/snapshot/host-facts.js";

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
    addresses: address === "" ? [] : [address],
    published: [],
    labels: new Map(),
    ...more,
  };
}

function snapshot(atS: number, ...containers: readonly KnownContainer[]): HostFacts {
  return { ...readSnapshot('{"format":"natcorr-snapshot","version":1}'), timeNs: BigInt(atS) * S, containers };
}

/** Who has 172.17.0.2 at some seconds. */
function tenants(snapshots: readonly HostFacts[], ...atS: readonly number[]): (string | undefined)[] {
  const book = new AddressBook(snapshots);
  return atS.map((second) => book.having("172.17.0.2", BigInt(second) * S)?.name);
}

const WEB = container("web", 100, "172.17.0.2");
const NEXT = container("next", 300, "172.17.0.2");

describe("an address", () => {
  it("is a container's since that began: who had it before is not known", () => {
    expect(tenants([snapshot(200, WEB)], 99, 100, 200, 999)).toEqual([undefined, "web", "web", "web"]);
    const book = new AddressBook([snapshot(200, WEB)]);
    expect(book.having("172.17.0.3", 200n * S)).toBeUndefined();
    // Docker notes the beginning when the process runs already
    expect(book.having("172.17.0.2", 100n * S - 6_000_000n)?.name).toBe("web");
  });

  it("where no beginning is told, is a container's since the snapshot", () => {
    expect(tenants([snapshot(200, { ...WEB, startedNs: undefined })], 199, 200)).toEqual([undefined, "web"]);
  });

  it("is one container's and then another's", () => {
    const both = [snapshot(200, WEB), snapshot(400, NEXT)];
    expect(tenants(both, 150, 250, 299, 300, 500)).toEqual(["web", "web", "web", "next", "next"]);
  });

  it("is nobody's once a snapshot shows none with it, and later another's", () => {
    const gone = [snapshot(150, WEB), snapshot(200), snapshot(400, NEXT)];
    expect(tenants(gone, 150, 199, 200, 299, 300)).toEqual(["web", "web", undefined, undefined, "next"]);
  });

  it("that a container got later than it began is not its own before it was seen without it", () => {
    const old = container("old", 50, "172.17.0.2");
    expect(tenants([snapshot(200, WEB), snapshot(400, old)], 150, 200)).toEqual(["web", "old"]);
    expect(tenants([snapshot(200, WEB), snapshot(400, WEB)], 150, 200, 400)).toEqual(["web", "web", "web"]);
  });

  it("is one's for a while where it did not change hands meanwhile", () => {
    const book = new AddressBook([snapshot(200, WEB), snapshot(400, NEXT)]);
    const during = (fromS: number, untilS: number) =>
      book.having("172.17.0.2", BigInt(fromS) * S, BigInt(untilS) * S)?.name;
    expect([during(150, 299), during(150, 300), during(300, 500), during(50, 150)]).toEqual([
      "web",
      undefined,
      "next",
      undefined,
    ]);
    expect(book.changesNs).toEqual([100n * S - 50_000_000n, 300n * S - 50_000_000n]);
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
  const book = new AddressBook([{ ...snapshot(400, web, next), addresses }]);
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
  const book = new AddressBook([snapshot(200, { ...WEB, ...compose("front") }, side, other, host)]);
  const named = book.having("172.17.0.2", 200n * S);
  expect(named?.name).toBe("web+side");
  expect([...(named?.words ?? [])].toSorted()).toEqual(["front", "proxy", "side", "web"]);
  expect([...book.words].toSorted()).toEqual(["front", "proxy", "side", "web"]);
});
