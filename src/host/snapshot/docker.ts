import { at, listAt, membersAt, numberAt, pickedTexts, textAt, textsAt } from "./json.js";
import { parseNumber } from "../address.js";

/** A container as natcorr keeps it. Its environment and its command may hold secrets: no object of Docker's is copied as it is. */
export interface Container {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** When it began to run, epoch seconds with nine decimals; absent where Docker does not tell. */
  readonly started?: string;
  /** Its first process. */
  readonly pid: number;
  /** `bridge`, `host`, `none`, the name of a network, or `container:` and the id of whose addresses it shares. */
  readonly networkMode: string;
  readonly networks: readonly Endpoint[];
  readonly published: readonly PublishedPort[];
  /** Those of compose, Swarm and Kubernetes that say what it is a part of. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A container's end of a network. */
export interface Endpoint {
  readonly network: string;
  /** Another one each time that it is connected. */
  readonly endpoint?: string;
  readonly addresses: readonly string[];
  readonly mac?: string;
}

/** `docker run -p`: a port of the host's that stands for one of a container's. */
export interface PublishedPort {
  readonly proto: string;
  /** The address of the host's, or that of all of an IP version: `0.0.0.0`, `::`. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
}

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  /** The host's interface, where it has one. */
  readonly bridge?: string;
  readonly subnets: readonly string[];
  readonly isInternal: boolean;
  /** Docker's own options of a bridge: its MTU, whether its containers may talk to each other and are masqueraded; of others, the interface they are made on. */
  readonly options: Readonly<Record<string, string>>;
}

/** A docker-proxy, which takes connections to a published port that no rule translates. */
export interface Proxy extends PublishedPort {
  readonly pid: number;
  readonly containerAddress: string;
}

export const LABELS = [
  "com.docker.compose.project",
  "com.docker.compose.service",
  "com.docker.compose.container-number",
  "com.docker.stack.namespace",
  "com.docker.swarm.service.name",
  "com.docker.swarm.task.name",
  "io.kubernetes.container.name",
  "io.kubernetes.pod.name",
  "io.kubernetes.pod.namespace",
];

/** The bridge by which containers of an overlay leave: Docker tells of it as a network, and not of its containers' ends (libnetwork, defaultGwNetwork). */
export const GATEWAY_NETWORK = "docker_gwbridge";

const BRIDGE = "com.docker.network.bridge.name";
export const OPTIONS = [
  "com.docker.network.bridge.enable_icc",
  "com.docker.network.bridge.enable_ip_masquerade",
  "com.docker.network.bridge.gateway_mode_ipv4",
  "com.docker.network.bridge.gateway_mode_ipv6",
  "com.docker.network.bridge.host_binding_ipv4",
  "com.docker.network.driver.mtu",
  // of macvlan and ipvlan
  "parent",
];
/** So many characters of a network's id name its bridge where nobody says otherwise (libnetwork, drivers/bridge). */
const BRIDGE_ID_CHARACTERS = 12;

/** Reads what Docker answers to `/containers/<id>/json`; undefined where it is no container, or one that does not run. `gateway`: containers' ends of GATEWAY_NETWORK, by id. */
export function containerOf(inspected: unknown, gateway?: ReadonlyMap<string, Endpoint>): Container | undefined {
  const id = textAt(inspected, "Id");
  if (id === undefined || at(inspected, "State", "Running") === false) return undefined;
  const started = epochOf(textAt(inspected, "State", "StartedAt") ?? "");
  const networkMode = textAt(inspected, "HostConfig", "NetworkMode") ?? "default";
  const networks = membersAt(inspected, "NetworkSettings", "Networks").map(([network, end]) =>
    endpointOf(network, end),
  );
  const leaving = gateway?.get(id);
  return {
    id,
    name: (textAt(inspected, "Name") ?? id).replace(/^\//, ""),
    image: textAt(inspected, "Config", "Image") ?? "",
    ...(started !== undefined && { started }),
    pid: numberAt(inspected, "State", "Pid") ?? 0,
    // what a container gets that names none
    networkMode: networkMode === "default" ? "bridge" : networkMode,
    networks: leaving === undefined ? networks : [...networks, leaving],
    published: membersAt(inspected, "NetworkSettings", "Ports").flatMap(([port, bound]) => publishedOf(port, bound)),
    labels: pickedTexts(at(inspected, "Config", "Labels"), LABELS),
  };
}

function endpointOf(network: string, end: unknown): Endpoint {
  const addresses = [textAt(end, "IPAddress"), textAt(end, "GlobalIPv6Address")];
  const [endpoint, mac] = [textAt(end, "EndpointID"), textAt(end, "MacAddress")];
  return {
    network,
    ...(endpoint !== undefined && { endpoint }),
    addresses: addresses.filter((address) => address !== undefined),
    ...(mac !== undefined && { mac }),
  };
}

/** Reads what Docker answers to `/networks/<GATEWAY_NETWORK>`: containers' ends of it, by their ids. */
export function gatewayEndsOf(described: unknown): ReadonlyMap<string, Endpoint> {
  return new Map(
    membersAt(described, "Containers").map(([id, end]) => {
      const [endpoint, mac] = [textAt(end, "EndpointID"), textAt(end, "MacAddress")];
      const prefixes = [textAt(end, "IPv4Address"), textAt(end, "IPv6Address")];
      const known = {
        network: GATEWAY_NETWORK,
        ...(endpoint !== undefined && { endpoint }),
        addresses: prefixes.flatMap((prefix) => prefix?.split("/", 1) ?? []),
        ...(mac !== undefined && { mac }),
      };
      return [id, known];
    }),
  );
}

/** `port` is `80/tcp`; `bound` where it is published, null where it is not. */
function publishedOf(port: string, bound: unknown): PublishedPort[] {
  const [number, proto = ""] = port.split("/", 2);
  const containerPort = parseNumber(number, 0xffff);
  if (containerPort === null) return [];
  return listAt(bound).flatMap((binding) => {
    const hostPort = parseNumber(textAt(binding, "HostPort") ?? "", 0xffff);
    const hostAddress = textAt(binding, "HostIp") ?? "0.0.0.0";
    return hostPort === null ? [] : [{ proto, hostAddress, hostPort, containerPort }];
  });
}

/** The bridge that Docker makes for a network, by its id, where nobody says otherwise. */
function dockersBridge(id: string): string {
  return `br-${id.slice(0, BRIDGE_ID_CHARACTERS)}`;
}

/** The bridges that Podman makes, by the ids of their networks, from what it answers to PODMAN_NETWORKS: to `/networks` it does not tell them. */
export function podmansBridges(answer: unknown): (id: string) => string | undefined {
  const links = new Map(listAt(answer).map((network) => [textAt(network, "id"), textAt(network, "network_interface")]));
  return (id) => links.get(id);
}

/** Reads an item of what Docker answers to `/networks`. `bridgeOf`: what a bridge is called by default. */
export function networkOf(
  described: unknown,
  bridgeOf: (id: string) => string | undefined = dockersBridge,
): Network | undefined {
  const [id, name] = [textAt(described, "Id"), textAt(described, "Name")];
  if (id === undefined || name === undefined) return undefined;
  const driver = textAt(described, "Driver") ?? "";
  const ownBridge = driver === "bridge" ? bridgeOf(id) : undefined;
  const bridge = textAt(described, "Options", BRIDGE) ?? ownBridge;
  return {
    id,
    name,
    driver,
    ...(bridge !== undefined && { bridge }),
    subnets: listAt(described, "IPAM", "Config").flatMap((config) => textAt(config, "Subnet") ?? []),
    isInternal: at(described, "Internal") === true,
    options: pickedTexts(at(described, "Options"), OPTIONS),
  };
}

/** What makes a container, or its addresses and its name, others than before: what `/events` is asked for. */
export const EVENT_FILTERS = {
  type: ["container", "network"],
  event: ["start", "die", "destroy", "rename", "connect", "disconnect"],
};
/** After these, a container does not run. */
const ENDS = new Set(["die", "destroy"]);

/** Something that happened to a container. */
export interface ContainerEvent {
  readonly id: string;
  /** Epoch nanoseconds, to some hundred. */
  readonly timeNs: bigint;
  readonly isEnd: boolean;
  /** What a container is called that began; undefined of other events. */
  readonly name: string | undefined;
}

/** Reads one of what Docker answers to `/events`; undefined where it is about no container. */
export function eventOf(told: unknown): ContainerEvent | undefined {
  const isOfNetwork = textAt(told, "Type") === "network";
  const id = isOfNetwork ? textAt(told, "Actor", "Attributes", "container") : textAt(told, "Actor", "ID");
  const timeNano = numberAt(told, "timeNano") ?? 0;
  if (id === undefined || !Number.isInteger(timeNano) || timeNano <= 0) return undefined;
  const action = textAt(told, "Action") ?? "";
  const isEnd = !isOfNetwork && ENDS.has(action);
  const name = !isOfNetwork && action === "start" ? textAt(told, "Actor", "Attributes", "name") : undefined;
  return { id, timeNs: BigInt(timeNano), isEnd, name };
}

/** Which engine answers, from its `/version` and `/info`. */
export interface Engine {
  /** As it calls itself: `Engine` is Docker's, `Podman Engine` that of Podman. */
  readonly name: string;
  readonly version: string;
  /** It runs in a user's own namespaces: its containers' addresses are not on any interface here. */
  readonly isRootless: boolean;
  readonly isSwarm: boolean;
}

/** Where Podman tells of its networks in its own words (its libpod API, since 4.0). */
export const PODMAN_NETWORKS = "/v4.0.0/libpod/networks/json";

/** Whether an engine is Podman, which answers as Docker does. */
export function isPodman({ name }: Pick<Engine, "name">): boolean {
  return name === "Podman Engine";
}

export function engineOf(version: unknown, info: unknown): Engine {
  return {
    name: textAt(listAt(version, "Components")[0], "Name") ?? "",
    version: textAt(version, "Version") ?? "",
    isRootless: textsAt(info, "SecurityOptions").includes("name=rootless"),
    isSwarm: textAt(info, "Swarm", "LocalNodeState") === "active",
  };
}

/** Reads a process's arguments; undefined where it is no docker-proxy (moby, cmd/docker-proxy). */
export function proxyOf(pid: number, args: readonly string[]): Proxy | undefined {
  if (!/(^|\/)docker-proxy$/.test(args[0] ?? "")) return undefined;
  const values = new Map(args.map((arg, at) => [arg, args[at + 1] ?? ""]));
  const valueOf = (name: string): string => values.get(name) ?? "";
  const hostPort = parseNumber(valueOf("-host-port"), 0xffff);
  const containerPort = parseNumber(valueOf("-container-port"), 0xffff);
  if (hostPort === null || containerPort === null) return undefined;
  const [proto, hostAddress] = [valueOf("-proto"), valueOf("-host-ip")];
  return { pid, proto, hostAddress, hostPort, containerAddress: valueOf("-container-ip"), containerPort };
}

/** Go's time, `2026-11-30T18:28:57.034108723Z`, as epoch seconds with nine decimals; undefined of the year 1, by which Go says never. */
function epochOf(text: string): string | undefined {
  const [, seconds, fraction = ""] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  const ms = Date.parse(`${seconds}Z`);
  return ms > 0 ? `${ms / 1000}.${fraction.padEnd(9, "0")}` : undefined;
}
