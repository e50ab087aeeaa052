import { macHashOf, NO_MAC } from "../../protocols/mac.js";
import { type AddressRange, canonicalAddress, parseAddressRange } from "../address.js";
import type { RuleReading } from "../rules/times/rule-history.js";
import { at, listAt, numberAt, parseJson, textAt, textMembersAt, textsAt } from "./json.js";
import type { Proxy, PublishedPort } from "./docker.js";
import { type NetworkFacts, networkFactsOf } from "./network-facts.js";
import { heardIn, type KnownHeard } from "./heard-news.js";
import { CHANGE_FORMAT, ENTRIES, FORMAT, VERSION } from "./snapshot.js";
import { unfollowedOf } from "./unfollowed.js";

/** What a container is, as far as packets tell of it. */
export interface KnownContainer {
  readonly id: string;
  readonly name: string;
  /** When it began to run, epoch nanoseconds; undefined where nobody told. */
  readonly startedNs: bigint | undefined;
  readonly networkMode: string;
  readonly addresses: readonly KnownAddress[];
  readonly published: readonly PublishedPort[];
  readonly labels: ReadonlyMap<string, string>;
}

/** An address that a container has in a network. */
export interface KnownAddress {
  readonly address: string;
  /** The network's name. */
  readonly network: string;
  /** The engine's id of its end there, another one each time that it is connected; undefined where nobody told. */
  readonly endpoint: string | undefined;
  /** The host's interface that it is on; undefined where nobody told. */
  readonly link?: string | undefined;
  /** `macHash` of its MAC address there; NO_MAC, or undefined, where nobody told. */
  readonly mac?: number;
}

interface KnownNetwork {
  readonly driver: string;
  readonly link: string | undefined;
  /** Whether the engine is to translate what comes to published ports of its containers over IPv4, and to masquerade what they send. */
  readonly isTranslated: boolean;
  readonly isMasqueraded: boolean;
}

/** A route that was heard of. */
export interface KnownRoute {
  /** Where it led; undefined where that may be anywhere, and over any IP version. */
  readonly to: AddressRange | undefined;
  readonly dev: string | undefined;
  /** Its table; undefined where that is the main one. */
  readonly table: string | undefined;
  /** Whose packets alone it is for; undefined where it is for all. */
  readonly src: AddressRange | undefined;
  /** When it was heard of, epoch nanoseconds; undefined where that is not known. */
  readonly heardNs: bigint | undefined;
  readonly isGone: boolean;
}

/** What a snapshot says, for those who explain packets. */
export interface HostFacts {
  /** When it was taken, epoch nanoseconds. */
  readonly timeNs: bigint;
  /** Since when nothing changed of its network, likewise; undefined where nobody heard. */
  readonly steadySinceNs: bigint | undefined;
  /** When it changed first since the snapshot before, likewise; undefined where it did not, or nobody heard. */
  readonly changedFromNs: bigint | undefined;
  /** The routes that came or went since then, by which interface; undefined of any. */
  readonly heardRoutes: readonly KnownRoute[];
  /** Those that run; undefined where Docker did not tell. */
  readonly containers: readonly KnownContainer[] | undefined;
  /** Whether its engine runs in a user's own namespaces. */
  readonly isRootless: boolean;
  /** What makes the engine's networks, and on which interface of the host's they are, where it says so; by their names. */
  readonly networks: ReadonlyMap<string, KnownNetwork>;
  /** What of it cannot be followed, in words. */
  readonly unfollowed: readonly string[];
  /** The docker-proxies; undefined where they could not be read. */
  readonly proxies: readonly Omit<Proxy, "containerAddress">[] | undefined;
  /** On the host's interfaces, as natcorr writes them. */
  readonly addresses: readonly string[];
  /** All rules, with their counters, as `readTables` reads them; undefined where it has none. */
  readonly rules: string | undefined;
  /** Whether iptables' rules for IPv4, and all of nft's, could be read. */
  readonly areRulesRead: boolean;
  /** `macHash` of those of the host's interfaces. */
  readonly macs: readonly number[];
  readonly network: NetworkFacts;
  /** conntrack's entries, as `ConntrackTable` reads them, empty where there are none; undefined where they were not listed. And how many more there were. */
  readonly conntrack: string | undefined;
  readonly conntrackMore: number;
}

/** Settings of a host that became others. */
export interface Settings {
  /** When they were read, epoch nanoseconds … */
  readonly timeNs: bigint;
  /** … and when they had been read before, likewise. */
  readonly heldNs: bigint;
  /** By their names, as sysctl(8) writes them. */
  readonly sysctls: ReadonlyMap<string, string>;
}

/** What became of one container, for the same. */
export interface KnownChange {
  /** Epoch nanoseconds. */
  readonly timeNs: bigint;
  readonly id: string;
  /** Undefined where it does not run any more. */
  readonly container: KnownContainer | undefined;
  /** What it was called that was gone before the engine could be asked about it. */
  readonly unasked?: string | undefined;
}

/** The rules as they were read while packets were captured, for the same. */
interface KnownRules extends RuleReading {
  readonly kind: "rules";
}

/** That other rules were read by then, epoch nanoseconds, and neither these are told of, nor any behind them. */
interface EndOfRules {
  readonly kind: "end-of-rules";
  readonly timeNs: bigint;
}

/** The settings that became others meanwhile, for the same. */
interface KnownSettings extends Settings {
  readonly kind: "settings";
}

/** What a host said next. */
export type KnownNews = HostFacts | KnownChange | KnownRules | EndOfRules | KnownSettings | KnownHeard;

/**
 * Reads what `natcorr snapshot` printed. What is not as it writes it counts as not there.
 *
 * @throws an Error that says what it is instead, where it is no snapshot.
 */
export function readSnapshot(text: string): HostFacts {
  const snapshot = parseJson(text);
  if (at(snapshot, "format") !== FORMAT) throw new Error("it is not what natcorr snapshot prints");
  checkVersion(snapshot);
  return factsOf(snapshot);
}

/**
 * Reads a snapshot, what became of one container, or of the rules, as JSON has it.
 *
 * @throws an Error that says what it is instead, where it is none of these.
 */
export function newsOf(value: unknown): KnownNews {
  const format = at(value, "format");
  if (format !== FORMAT && format !== CHANGE_FORMAT) throw new Error("it is not what natcorr live keeps of its host");
  checkVersion(value);
  if (format === FORMAT) return factsOf(value);
  const timeNs = nsOf(textAt(value, "time")) ?? 0n;
  if (at(value, "isEndOfRules") === true) return { kind: "end-of-rules", timeNs };
  if (at(value, "rules") !== undefined) {
    const askedNs = nsOf(textAt(value, "rules", "asked")) ?? timeNs;
    const heldNs = nsOf(textAt(value, "rules", "held")) ?? askedNs;
    const unreadFromNs = nsOf(textAt(value, "rules", "unreadFrom"));
    const text = textsAt(value, "rules", "lines").join("\n");
    return { kind: "rules", text, askedNs, answeredNs: timeNs, heldNs, unreadFromNs };
  }
  if (at(value, "settings") !== undefined) {
    const sysctls = textMembersAt(value, "settings", "sysctls");
    return { kind: "settings", timeNs, heldNs: nsOf(textAt(value, "settings", "held")) ?? timeNs, sysctls };
  }
  const heard = heardIn(value, timeNs);
  if (heard !== undefined) return heard;
  const container = at(value, "container");
  return {
    timeNs,
    id: textAt(value, "id") ?? "",
    container: container === undefined ? undefined : containerOf(container),
    unasked: textAt(value, "unasked"),
  };
}

function checkVersion(value: unknown): void {
  const version = at(value, "version");
  if (version !== VERSION) throw new Error(`its version is ${String(version)}, and this natcorr reads ${VERSION}`);
}

/** What a snapshot says. */
export function factsOf(snapshot: unknown): HostFacts {
  const linesAt = (...path: readonly string[]): string | undefined =>
    textsAt(snapshot, ...path).join("\n") || undefined;
  const areEntriesListed = at(snapshot, "conntrack", "entries") !== undefined && !isMissing(snapshot, ENTRIES);
  return {
    timeNs: nsOf(textAt(snapshot, "time")) ?? 0n,
    steadySinceNs: nsOf(textAt(snapshot, "steadySince")),
    changedFromNs: nsOf(textAt(snapshot, "changedFrom")),
    heardRoutes: listAt(snapshot, "heardRoutes").map((route) => ({
      to: parseAddressRange(textAt(route, "dst") ?? "") ?? undefined,
      dev: textAt(route, "dev"),
      table: textAt(route, "table"),
      src: parseAddressRange(textAt(route, "src") ?? "") ?? undefined,
      heardNs: nsOf(textAt(route, "time")),
      isGone: at(route, "isGone") === true,
    })),
    containers:
      at(snapshot, "docker") === undefined
        ? undefined
        : listAt(snapshot, "docker", "containers").flatMap((container) => containerOf(container) ?? []),
    isRootless: at(snapshot, "docker", "engine", "isRootless") === true,
    networks: new Map(
      listAt(snapshot, "docker", "networks").map((network) => [textAt(network, "name") ?? "", networkOf(network)]),
    ),
    unfollowed: unfollowedOf(at(snapshot, "docker", "engine")),
    proxies: isMissing(snapshot, "docker-proxy") ? undefined : listAt(snapshot, "dockerProxies").flatMap(proxiesOf),
    addresses: listAt(snapshot, "interfaces")
      .flatMap((link) => listAt(link, "addr_info"))
      .flatMap((each) => canonicalAddress(textAt(each, "local") ?? "") ?? []),
    rules:
      ["iptables", "ip6tables", "nft", "ipset"].flatMap((tool) => linesAt("rules", tool) ?? []).join("\n") || undefined,
    areRulesRead: ["iptables", "nft"].every((tool) => at(snapshot, "rules", tool) !== undefined),
    macs: listAt(snapshot, "interfaces")
      .map((link) => macHashOf(textAt(link, "address") ?? ""))
      .filter((mac) => mac !== NO_MAC),
    network: networkFactsOf(snapshot),
    conntrack: areEntriesListed ? textsAt(snapshot, "conntrack", "entries").join("\n") : undefined,
    conntrackMore: numberAt(snapshot, "conntrack", "more") ?? 0,
  };
}

function isMissing(snapshot: unknown, source: string): boolean {
  return listAt(snapshot, "missing").some((missing) => textAt(missing, "source") === source);
}

function proxiesOf(proxy: unknown): NonNullable<HostFacts["proxies"]> {
  const [port, pid] = [publishedOf(proxy), numberAt(proxy, "pid")];
  return port === undefined || pid === undefined ? [] : [{ ...port, pid }];
}

/** A bridge without another mode, or an option that says otherwise, is translated (moby, libnetwork/drivers/bridge). */
function networkOf(network: unknown): KnownNetwork {
  const optionAt = (name: string): string => textAt(network, "options", `com.docker.network.bridge.${name}`) ?? "";
  const driver = textAt(network, "driver") ?? "";
  const isByNat = ["", "nat", "nat-unprotected"].includes(optionAt("gateway_mode_ipv4"));
  const isTranslated = driver === "bridge" && at(network, "isInternal") === false && isByNat;
  return {
    driver,
    link: textAt(network, "bridge") ?? textAt(network, "options", "parent"),
    isTranslated,
    isMasqueraded: isTranslated && ["", "true"].includes(optionAt("enable_ip_masquerade")),
  };
}

function containerOf(container: unknown): KnownContainer | undefined {
  const [id, name] = [textAt(container, "id"), textAt(container, "name")];
  if (id === undefined || name === undefined) return undefined;
  return {
    id,
    name,
    startedNs: nsOf(textAt(container, "started")),
    networkMode: textAt(container, "networkMode") ?? "",
    addresses: listAt(container, "networks").flatMap((end) => {
      const mac = macHashOf(textAt(end, "mac") ?? "");
      return textsAt(end, "addresses").flatMap((each) => {
        const address = canonicalAddress(each);
        return address === null
          ? []
          : [{ address, network: textAt(end, "network") ?? "", endpoint: textAt(end, "endpoint"), mac }];
      });
    }),
    published: listAt(container, "published").flatMap((port) => publishedOf(port) ?? []),
    labels: textMembersAt(container, "labels"),
  };
}

function publishedOf(published: unknown): PublishedPort | undefined {
  const [proto, hostAddress] = [textAt(published, "proto"), canonicalAddress(textAt(published, "hostAddress") ?? "")];
  const [hostPort, containerPort] = [numberAt(published, "hostPort"), numberAt(published, "containerPort")];
  if (proto === undefined || hostAddress === null || hostPort === undefined || containerPort === undefined)
    return undefined;
  return { proto, hostAddress, hostPort, containerPort };
}

/** Epoch nanoseconds of seconds with decimals. */
function nsOf(seconds = ""): bigint | undefined {
  const [, whole, decimals] = /^(\d{1,12})\.(\d{9})$/.exec(seconds) ?? [];
  return whole === undefined ? undefined : BigInt(whole + decimals);
}
