import { isIP } from "node:net";

/** What nft is to ask of a packet, and of which IP version that is; undefined for either. */
interface Match {
  readonly nft: string;
  readonly version: 4 | 6 | undefined;
}

/** Matches of which one must hold. */
type AnyOf = readonly Match[];

/** What nft is to ask, all of which must hold, and whether that is all that a filter asks. */
interface Matches {
  readonly all: readonly AnyOf[];
  readonly isWhole: boolean;
}

/** An interface whose packets are traced as they come in, and the rules that select them: one must match. */
export interface TracePoint {
  readonly name: string;
  readonly rules: readonly string[];
}

/** The ends of a packet by pcap-filter(7)'s word, and by nft's letter. */
const DIRECTIONS = [
  ["src", "s"],
  ["dst", "d"],
] as const;

/** The sets that have the containers which are meant: their addresses, and the ports that are published for them. */
export const SETS = { 4: "addresses4", 6: "addresses6", ports: "ports" } as const;
const OF_CONTAINERS: AnyOf = [
  ...([4, 6] as const).flatMap((version) => eitherEnd(`@${SETS[version]}`, undefined, version)),
  { nft: `meta l4proto . th dport @${SETS.ports}`, version: undefined },
];

/** So many rules an interface has, at the most: what would make more of them is not asked. */
const MOST_RULES = 256;

/** What pcap-filter(7) calls protocols, and what nft is asked for. */
const PROTOCOLS: Readonly<Record<string, Match>> = {
  ip: { nft: "meta nfproto ipv4", version: 4 },
  ip6: { nft: "meta nfproto ipv6", version: 6 },
  icmp: { nft: "meta l4proto icmp", version: 4 },
  icmp6: { nft: "meta l4proto ipv6-icmp", version: 6 },
  tcp: { nft: "meta l4proto tcp", version: undefined },
  udp: { nft: "meta l4proto udp", version: undefined },
  sctp: { nft: "meta l4proto sctp", version: undefined },
};
/** What has ports to pcap-filter(7), unless it says of which protocol. */
const WITH_PORTS: Match = { nft: "meta l4proto { tcp, udp, sctp }", version: undefined };

const PRIMITIVE = /^(?:(ip6?|icmp6?|tcp|udp|sctp)(?: |$))?(?:(src|dst) )?(?:(host|net|port) )?(\S+)?$/;
/** A value without a word before it. */
const VALUE = /^[\da-f.:/]+$/;

/**
 * The rules by which packets are traced of an interface: those that its filters select, or more where nft cannot say that. A packet that is stopped has but
 * one form, the one that it comes in by: a filter that does not select that does not show it.
 *
 * @param filters pcap filters that libpcap takes, all of which select what is meant.
 * @param isOfContainers whether it is of the containers in the sets alone.
 * @returns those of the filters, too, of which nft cannot say all.
 */
export function tracePoint(
  name: string,
  filters: readonly string[],
  isOfContainers: boolean,
): { readonly point: TracePoint; readonly unsaid: readonly string[] } {
  const arriving: AnyOf = [{ nft: `iifname "${name}"`, version: undefined }];
  let rules = isOfContainers ? both(arriving, OF_CONTAINERS) : arriving;
  const unsaid = filters.filter((filter) => {
    const { all, isWhole } = matchesOf(filter);
    const more = all.reduce(both, rules);
    if (more.length > MOST_RULES) return true;
    rules = more;
    return !isWhole;
  });
  return { point: { name, rules: rules.map(({ nft }) => nft) }, unsaid };
}

/** What a filter asks, as far as words do that stand between `and`, or between `or`. */
function matchesOf(filter: string): Matches {
  if (filter === "") return { all: [], isWhole: true };
  const words = filter.trim().split(/\s+/).join(" ");
  const either = words.split(/ or | ?\|\| ?/);
  // both bind alike, and parentheses otherwise
  const isEither = either.length > 1;
  const parts = isEither ? either : words.split(/ and | ?&& ?/);
  if (words.includes("(") || (isEither && / and |&&/.test(words))) return { all: [], isWhole: false };
  let before = "";
  const primitives = parts.map((part) => {
    // a value takes the words before the last one
    const primitive = VALUE.test(part) ? `${before}${part}` : part;
    before = primitive.slice(0, primitive.lastIndexOf(" ") + 1);
    return primitiveOf(primitive);
  });
  const said = primitives.filter((each) => each !== undefined);
  const isWhole = said.length === primitives.length;
  if (!isEither) return { all: said.flat(), isWhole };
  const anything: AnyOf = [{ nft: "", version: undefined }];
  return { all: isWhole ? [said.flatMap((all) => all.reduce(both, anything))] : [], isWhole };
}

/** What one primitive of pcap-filter(7) asks, all of which must hold; undefined where nft is not asked for such. */
function primitiveOf(text: string): readonly AnyOf[] | undefined {
  const [, protocol, direction, kind, value] = PRIMITIVE.exec(text) ?? [];
  const of = protocol === undefined ? [] : [[PROTOCOLS[protocol]]];
  if (value === undefined) return protocol === undefined || direction !== undefined ? undefined : of;
  if (kind === "port") {
    if (!/^\d{1,5}$/.test(value)) return undefined;
    const ports = DIRECTIONS.filter(([word]) => direction === undefined || direction === word);
    const matches = ports.map(([, letter]) => ({ nft: `th ${letter}port ${value}`, version: undefined }));
    return [...(of.length === 0 ? [[WITH_PORTS]] : of), matches];
  }
  const [address, bits] = value.split("/");
  const version = isIP(address);
  const isAddress = VALUE.test(value) && (bits === undefined || (kind === "net" && /^\d{1,3}$/.test(bits)));
  if (!isAddress || (version !== 4 && version !== 6)) return undefined;
  return [...of, eitherEnd(value, direction, version)];
}

/** That an end, the one that a direction means or either, is of an address, a network or a set. */
function eitherEnd(of: string, direction: string | undefined, version: 4 | 6): AnyOf {
  const family = version === 4 ? "ip" : "ip6";
  return DIRECTIONS.filter(([word]) => direction === undefined || direction === word).map(([, letter]) => ({
    nft: `${family} ${letter}addr ${of}`,
    version,
  }));
}

/** That one of each holds, where both may: nft refuses a rule that is of two IP versions. */
function both(some: AnyOf, others: AnyOf): AnyOf {
  return some.flatMap((one) =>
    others
      .filter(({ version }) => version === undefined || one.version === undefined || version === one.version)
      .map((other) => ({
        nft: `${one.nft} ${other.nft}`.trim(),
        version: one.version ?? other.version,
      })),
  );
}
