import { describe, expect, it } from "vitest";
import {
  containerOf,
  engineOf,
  eventOf,
  gatewayEndsOf,
  networkOf,
  podmansBridges,
  proxyOf,
} from "../../../src/host/snapshot/docker.js";

/** What Docker 20.10 answers to `/containers/<id>/json`, shortened. */
const INSPECTED = {
  Id: "815f917052c75a86",
  Path: "httpd",
  Args: ["--password", "s3cret-argument"],
  State: { Status: "running", Pid: 5263, StartedAt: "2026-11-30T18:28:57.034108723Z" },
  Name: "/web",
  HostConfig: { NetworkMode: "default", Binds: ["/s3cret/path:/data"] },
  Config: {
    Env: ["TOKEN=s3cret-variable"],
    Cmd: ["httpd", "--password", "s3cret-argument"],
    Image: "busybox:lab",
    Labels: {
      "com.docker.compose.service": "front",
      "com.docker.compose.project.environment_file": "/s3cret/file",
      token: "s3cret-label",
    },
  },
  NetworkSettings: {
    Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "88" }], "53/udp": null, "443/tcp": [] },
    Networks: {
      bridge: { EndpointID: "36f2", IPAddress: "172.17.0.2", GlobalIPv6Address: "", MacAddress: "02:42:ac:11:00:02" },
      app: { IPAddress: "172.18.0.2", GlobalIPv6Address: "fd00:18::2", MacAddress: "" },
    },
  },
};

describe("a container", () => {
  it("is what Docker says of it, but for its environment, its command and other labels", () => {
    const container = containerOf(INSPECTED);
    expect(container).toEqual({
      id: "815f917052c75a86",
      name: "web",
      image: "busybox:lab",
      started: "1796063337.034108723",
      pid: 5263,
      networkMode: "bridge",
      networks: [
        { network: "bridge", endpoint: "36f2", addresses: ["172.17.0.2"], mac: "02:42:ac:11:00:02" },
        { network: "app", addresses: ["172.18.0.2", "fd00:18::2"] },
      ],
      published: [{ proto: "tcp", hostAddress: "0.0.0.0", hostPort: 88, containerPort: 80 }],
      labels: { "com.docker.compose.service": "front" },
    });
    expect(JSON.stringify(container)).not.toContain("s3cret");
  });

  it("of an overlay has its address on the bridge that it leaves by, as that network tells", () => {
    // Docker 20.10's /networks/docker_gwbridge, shortened
    const ends = gatewayEndsOf({
      Containers: {
        "815f917052c75a86": {
          EndpointID: "9b0b",
          MacAddress: "02:42:ac:12:00:04",
          IPv4Address: "172.18.0.4/16",
          IPv6Address: "",
        },
        "ingress-sbox": { IPv4Address: "172.18.0.2/16", IPv6Address: "fd00:18::2/64" },
      },
    });
    const end = { network: "docker_gwbridge", endpoint: "9b0b", addresses: ["172.18.0.4"], mac: "02:42:ac:12:00:04" };
    expect(containerOf(INSPECTED, ends)?.networks).toEqual([...(containerOf(INSPECTED)?.networks ?? []), end]);
    expect(containerOf({ ...INSPECTED, Id: "another" }, ends)?.networks).toHaveLength(2);
    expect(ends.get("ingress-sbox")).toEqual({ network: "docker_gwbridge", addresses: ["172.18.0.2", "fd00:18::2"] });
    expect(gatewayEndsOf("nothing of the kind")).toEqual(new Map());
  });

  it("that does not run is none", () => {
    expect(containerOf({ ...INSPECTED, State: { ...INSPECTED.State, Running: true } })?.name).toBe("web");
    expect(containerOf({ ...INSPECTED, State: { ...INSPECTED.State, Running: false } })).toBeUndefined();
  });

  it("that never ran has no time, and what has no id is none", () => {
    const container = containerOf({ Id: "1", State: { StartedAt: "0001-01-01T00:00:00Z" } });
    expect(container).toEqual(expect.not.objectContaining({ started: expect.anything() }));
    for (const other of [undefined, null, 7, "text", [], { Id: 7 }, { message: "No such container" }])
      expect(containerOf(other)).toBeUndefined();
  });

  it.each([
    ["2026-11-30T18:28:57Z", "1796063337.000000000"],
    ["2026-11-30T18:28:57.5Z", "1796063337.500000000"],
    ["1969-07-20T20:17:40Z", undefined],
    ["yesterday", undefined],
  ])("that started at %s did so at %s", (StartedAt, started) => {
    expect(containerOf({ Id: "1", State: { StartedAt } })?.started).toBe(started);
  });
});

it("a network names the interface that it is on the host", () => {
  const described = {
    Id: "a5fde0c6439ad7d56216",
    Name: "app",
    Driver: "bridge",
    IPAM: { Config: [{ Subnet: "172.18.0.0/16" }] },
  };
  expect(networkOf(described)).toMatchObject({
    bridge: "br-a5fde0c6439a",
    subnets: ["172.18.0.0/16"],
    isInternal: false,
  });
  const named = {
    ...described,
    Options: { "com.docker.network.bridge.name": "docker0", "com.docker.network.driver.mtu": "1400", other: "x" },
  };
  expect(networkOf(named)).toMatchObject({ bridge: "docker0", options: { "com.docker.network.driver.mtu": "1400" } });
  expect(networkOf({ ...described, Driver: "macvlan" })).not.toHaveProperty("bridge");
  expect(networkOf({ Id: "1" })).toBeUndefined();
});

it("Podman says in words of its own on which interface a network is, or nobody knows", () => {
  const described = { Id: "08c7080cecbcc27b612c", Name: "app", Driver: "bridge" };
  const [told, untold] = [[{ id: described.Id, network_interface: "podman1" }], []].map(podmansBridges);
  expect(networkOf(described, told)).toMatchObject({ bridge: "podman1" });
  expect(networkOf(described, untold)).not.toHaveProperty("bridge");
});

it("an engine says whether it is rootless, or a node of a Swarm", () => {
  const version = { Version: "20.10.24", Components: [{ Name: "Podman Engine" }] };
  expect(engineOf(version, { SecurityOptions: ["name=seccomp,profile=default", "name=rootless"] })).toEqual({
    name: "Podman Engine",
    version: "20.10.24",
    isRootless: true,
    isSwarm: false,
  });
  expect(engineOf({}, { Swarm: { LocalNodeState: "active" } })).toMatchObject({ isRootless: false, isSwarm: true });
});

it("a docker-proxy is known by its arguments", () => {
  const args = "-proto tcp -host-ip :: -host-port 88 -container-ip 172.17.0.2 -container-port 80".split(" ");
  expect(proxyOf(7, ["/usr/bin/docker-proxy", ...args])).toEqual({
    pid: 7,
    proto: "tcp",
    hostAddress: "::",
    hostPort: 88,
    containerAddress: "172.17.0.2",
    containerPort: 80,
  });
  expect(proxyOf(7, ["/usr/bin/not-docker-proxy", ...args])).toBeUndefined();
  expect(proxyOf(7, ["docker-proxy", "-host-port"])).toBeUndefined();
  expect(proxyOf(7, [])).toBeUndefined();
});

describe("an event", () => {
  const timeNano = 1_796_074_998_901_409_300;
  const timeNs = BigInt(timeNano);

  it.each([
    ["a container's", { Type: "container", Action: "start", Actor: { ID: "1" } }, { id: "1", isEnd: false }],
    ["its end", { Type: "container", Action: "die", Actor: { ID: "1" } }, { id: "1", isEnd: true }],
    [
      "a network's",
      { Type: "network", Action: "disconnect", Actor: { ID: "9", Attributes: { container: "1" } } },
      { id: "1", isEnd: false },
    ],
  ])("is %s", (_, told, expected) => expect(eventOf({ ...told, timeNano })).toEqual({ ...expected, timeNs }));

  it.each([
    undefined,
    null,
    7,
    "start",
    [],
    {},
    { Type: "container", Action: "start", Actor: { ID: 7 }, timeNano },
    { Type: "network", Action: "create", Actor: { ID: "9" }, timeNano },
    ...[undefined, 0, -1, 1.5, Number.NaN, "1"].map((each) => ({
      Type: "container",
      Actor: { ID: "1" },
      timeNano: each,
    })),
  ])("of another shape (%#) is none", (told) => expect(eventOf(told)).toBeUndefined());
});
