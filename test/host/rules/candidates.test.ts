import { describe, expect, test } from "vitest";
import { parseAddress } from "../../../src/host/address.js";
import { candidatesIn } from "../../../src/host/rules/walk.js";
import { readTables } from "../../../src/host/rules/rule-tables.js";
import type { HookedPacket, Rule } from "../../../src/host/rules/ruleset.js";
import { InterfaceName } from "../../../src/host/interfaces.js";
import { ANY_MARK } from "../../../src/host/rules/mark.js";
import { TCP } from "../../../src/protocols/ip-protocols.js";
import { explained, nat, published } from "./explained.js";

/** Asks for these: each is met by some of the packets below, and by others not. */
const RULES = [
  "-d 10.0.2.15/32 -p tcp -m tcp --dport 80 -j RETURN",
  "-d 10.0.2.16/32 -p tcp -m tcp --dport 80 -j RETURN",
  "-d 10.0.2.15/32 -p tcp -m tcp --dport 81 -j RETURN",
  "-p tcp -m multiport --dports 80,443 -j RETURN",
  "-p tcp -m multiport --ports 80,5000 -j RETURN",
  "-p tcp -m tcp --dport 80:90 -j RETURN",
  "! -d 10.0.2.15/32 -p tcp -j RETURN",
  "-s 198.51.100.0/24 -j RETURN",
  "-s 198.51.100.7/32 -j RETURN",
  "-p tcp -m tcp --sport 5000 -j RETURN",
  "-m set --match-set bad src -j RETURN",
  "-d fd00::15/128 -p tcp -m tcp --dport 80 -j RETURN",
];

function packet(dst: string, dstPort: number | undefined, src = "198.51.100.7"): HookedPacket {
  return {
    isIpv6: dst.includes(":"),
    proto: TCP,
    src: parseAddress(src)!,
    dst: parseAddress(dst)!,
    srcPort: dstPort === undefined ? undefined : 5000,
    dstPort,
    isEcho: false,
    inInterface: new InterfaceName(["enp0s3"]),
    outInterface: new InterfaceName([""]),
    isDstLocal: true,
    isDstRewritten: false,
    isNew: true,
    isInvalid: false,
    mark: ANY_MARK,
  };
}

/** Rules of a chain, by what they ask for. */
function chain(rules: readonly string[]): readonly Rule[] {
  const { tables } = readTables(nat(...rules.map((rule) => `-A DOCKER ${rule}`)));
  return tables[0].chains.get("DOCKER") ?? [];
}

describe("of the rules of a chain", () => {
  test.each([
    packet("10.0.2.15", 80),
    packet("10.0.2.15", 81),
    packet("10.0.2.16", 80),
    packet("10.0.2.17", 443, "203.0.113.1"),
    packet("10.0.2.15", undefined),
    packet("fd00::15", 80, "fd00::7"),
  ])("none that a packet may meet is left out, and their order is kept", (each) => {
    const rules = chain(RULES);
    const asked = candidatesIn(rules, each);
    const met = rules.filter(({ matches }) => matches.every((match) => match(each) !== false));
    expect(met.length).toBeGreaterThan(0);
    expect(asked.filter((rule) => met.includes(rule))).toEqual(met);
  });

  test("hardly any are asked where each is for one port of one address", () => {
    const rules = chain(
      Array.from({ length: 1000 }, (_, at) => `-d 10.0.2.15/32 -p tcp -m tcp --dport ${at} -j RETURN`),
    );
    expect(candidatesIn(rules, packet("10.0.2.15", 80)).map(({ text }) => text)).toEqual([rules[80].text]);
  });
});

/** A table with a set of callers that are let through, and a map of services. */
const services = (callers: readonly string[], map: readonly string[]): string => `table ip x {
	set callers {
		type ipv4_addr . inet_service
		elements = { ${callers.join(", ")} }
	}
	map services {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { ${map.join(", ")} }
	}
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		ip saddr . th dport @callers return
		ip daddr . meta l4proto . th dport vmap @services
	}
	chain web {
		dnat to 172.17.0.2:80
	}
}
`;

test("elements of a set and of a map are found among many", () => {
  const many = Array.from({ length: 500 }, (_, at) => `10.9.${at >> 8}.${at & 255}`);
  const map = [...many.map((each) => `${each} . tcp . 88 : drop`), "10.0.2.15 . tcp . 88 : goto web"];
  const callers = many.map((each) => `${each} . 88`);
  expect(explained(services(callers, map), published)).toEqual(["dnat to 172.17.0.2:80"]);
  expect(explained(services([...callers, "10.0.2.2 . 88"], map), published)).toEqual([]);
});
