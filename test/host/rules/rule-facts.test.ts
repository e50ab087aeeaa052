import { describe, expect, test } from "vitest";
import { RuleFacts } from "../../../src/host/rules/rule-facts.js";
import { RuleHistory } from "../../../src/host/rules/times/rule-history.js";
import { RuleCheck } from "../../../src/host/rules/rule-check.js";
import type { Ends, FlowSummary } from "../../../src/packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { TCP } from "../../../src/protocols/ip-protocols.js";
import { fetched, fetchedIpv6, having, named, nat, own, pinged, published, routed } from "./explained.js";
import { flow } from "../flow.js";
import { DOCKER_IPTABLES, DOCKER_NFT } from "./rulesets.js";

const MASQUERADE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
const PUBLISH = "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 88 -j DNAT --to-destination 172.17.0.2:80";
/** As Docker writes them, with others before the one that publishes. */
const docker = (...before: string[]): string =>
  nat(
    "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    MASQUERADE,
    "-A DOCKER -i docker0 -j RETURN",
    ...before,
    PUBLISH,
  );
/** A ping of the container's that the port is forwarded to. */
const webPinged = flow("icmp", "inside", "172.17.0.2 > 180.101.49.11 id 7", "10.0.2.15 > 180.101.49.11 id 7");

/** What rules say once these flows were seen, by interfaces whose names are not known unless they are given. */
function after(text: string, flows: readonly FlowSummary[], inside = "", outside = ""): RuleFacts {
  const facts = new RuleFacts(new RuleHistory(text), named(inside, outside));
  for (const each of flows) facts.learn(each);
  return facts;
}

/** What they say of somebody who calls a port of the host's. */
const called = (facts: RuleFacts, port = 88, dst = "10.0.2.15") =>
  facts.arriving(TCP, { src: "198.51.100.7", srcPort: 5000, dst, dstPort: port });

const left = (facts: RuleFacts, dst = "180.101.49.11", src = "172.17.0.3") => {
  const ends: Ends = { src, srcPort: 4000, dst, dstPort: 443 };
  return facts.leaving(TCP, ends);
};

const taken = (facts: RuleFacts, dstPort: number) =>
  facts.taking(INSIDE, TCP, { src: "172.17.0.3", srcPort: 4000, dst: "180.101.49.11", dstPort });

/** Rules that publish two ports to what comes by an interface. */
const publishedBy = (asked: string, ...more: readonly string[]): string =>
  nat(
    `-A PREROUTING -i ${asked} -p tcp -m tcp --dport 88 -j DNAT --to-destination 172.17.0.2:80`,
    `-A PREROUTING -i ${asked} -p tcp -m tcp --dport 89 -j DNAT --to-destination 172.17.0.2:81`,
    ...more,
  );

const secondsNs = (seconds: number): bigint => BigInt(seconds) * 1_000_000_000n;

test("what leaves is judged by the rules of then, where a time is given and it is certain which these were", () => {
  const exempted = nat("-A POSTROUTING -s 172.17.0.3/32 -j RETURN", MASQUERADE);
  const history = new RuleHistory(nat(MASQUERADE), secondsNs(10), secondsNs(11));
  for (const [text, atS] of [
    [exempted, 20],
    [exempted, 24],
    [nat(MASQUERADE), 30],
  ] as const)
    history.take(text, secondsNs(atS), secondsNs(atS + 1));
  const facts = new RuleFacts(history, named("docker0", "enp0s3"));
  const ends: Ends = { src: "172.17.0.3", srcPort: 4000, dst: "180.101.49.11", dstPort: 443 };
  const at = (seconds?: number) => facts.leaving(TCP, ends, seconds === undefined ? undefined : secondsNs(seconds));
  expect([5, 15, 32].map((seconds) => at(seconds).answer)).toEqual([true, undefined, true]);
  expect(at(22)).toEqual({ answer: false, rules: "-A POSTROUTING -s 172.17.0.3/32 -j RETURN", doubt: "" });
  const about = { answer: undefined, rules: "", doubt: "the rules were others about then" };
  expect(at(25)).toEqual({ ...about, mayExempt: "-A POSTROUTING -s 172.17.0.3/32 -j RETURN" });
  // where no rule hides it then
  history.take(nat(), secondsNs(40), secondsNs(41));
  expect(at(40)).toEqual({ ...about, atOtherTimes: MASQUERADE });
  expect(at(42)).toEqual({ answer: false, rules: "", doubt: "", atOtherTimes: MASQUERADE });
  // those of now, once nothing is judged any more that left before
  expect(at().doubt).toBe("the rules were others a moment ago");
  facts.reach(secondsNs(42));
  expect(at()).toMatchObject({ answer: false, rules: "" });
});

test("a rule that came and went between two readings, as the kernel told, may have exempted what left then", () => {
  const history = new RuleHistory(nat(MASQUERADE), secondsNs(10), secondsNs(11));
  const facts = new RuleFacts(history, named("docker0", "enp0s3"));
  const ends: Ends = { src: "172.17.0.3", srcPort: 4000, dst: "180.101.49.11", dstPort: 443 };
  const at = (seconds: number) => {
    const { answer, mayExempt = "" } = facts.leaving(TCP, ends, secondsNs(seconds));
    return `${answer} ${mayExempt}`.trim();
  };
  history.hear(secondsNs(20), secondsNs(21), "came");
  history.hear(secondsNs(20), secondsNs(21), "went");
  const unknown = "undefined one that was gone before it could be read";
  expect([19, 20, 60].map((seconds) => at(seconds))).toEqual(["true", unknown, unknown]);
  // asked for before that was told, it need not show it
  history.take(nat(MASQUERADE), secondsNs(21), secondsNs(22));
  expect(at(60)).toBe(unknown);
  history.take(nat(MASQUERADE), secondsNs(23), secondsNs(24));
  expect([19, 20, 24, 25].map((seconds) => at(seconds))).toEqual(["true", unknown, unknown, "true"]);
  expect(history.areTheSameSince(secondsNs(22))).toBe(false);
});

/** The rules that exempt a container which these do not hide; else whether they do. */
const exempting = (...lines: readonly string[]) => {
  const { answer, rules } = left(after(nat(...lines), [], "docker0", "enp0s3"));
  return answer === false ? rules : answer;
};

describe("a rule that keeps others from hiding who leaves", () => {
  const [RETURN, ACCEPT] = ["-A POSTROUTING -s 172.17.0.3/32 -j RETURN", "-A POSTROUTING -p tcp -j ACCEPT"];

  test.each([
    ["is named", [RETURN, MASQUERADE], RETURN],
    ["not another one that ends behind it", [RETURN, MASQUERADE, ACCEPT], RETURN],
    ["both are, where either does", [RETURN, ACCEPT, MASQUERADE], `${RETURN}; ${ACCEPT}`],
    [
      "is named that a packet met in another chain",
      ["-A POSTROUTING -j DOCKER", "-A DOCKER -p tcp -j ACCEPT", MASQUERADE],
      "-A DOCKER -p tcp -j ACCEPT",
    ],
    [
      "none is, where another chain hides him all the same",
      ["-A POSTROUTING -j DOCKER", "-A DOCKER -j RETURN", MASQUERADE],
      true,
    ],
    ["none is, where it ends a chain that hides nobody", ["-A POSTROUTING -j DOCKER", "-A DOCKER -j RETURN"], ""],
    ["none is, where no rule would hide him", [RETURN, MASQUERADE.replace("17.0.0", "18.0.0")], ""],
    ["none is, where it may not match", ["-A POSTROUTING -m string --string a -j RETURN", MASQUERADE], undefined],
  ])("%s", (_, lines, expected) => {
    expect(exempting(...lines)).toBe(expected);
  });

  test("is the one by which conntrack leaves him alone, also where another rule would hide him", () => {
    const raw = "-A PREROUTING -s 172.17.0.3/32 -j CT --notrack";
    const facts = after(`*raw\n${raw}\nCOMMIT\n${nat(MASQUERADE)}`, [], "docker0", "enp0s3");
    expect(left(facts)).toEqual({ answer: false, rules: raw, doubt: "" });
    // others are hidden as they would be without
    expect(left(facts, "180.101.49.11", "172.17.0.4")).toEqual({ answer: true, rules: MASQUERADE, doubt: "" });
    const some = after(
      `*raw\n-A PREROUTING -m string --string a -j CT --notrack\nCOMMIT\n${nat(MASQUERADE)}`,
      [],
      "docker0",
      "enp0s3",
    );
    expect(left(some).doubt).toBe("some packets pass the NAT rules by (notrack, tproxy)");
  });
});

describe("who comes to a port of the host's", () => {
  test("is sent inside by the rule that publishes it", () => {
    expect(called(after(DOCKER_IPTABLES, [webPinged]))).toEqual({ answer: true, rules: PUBLISH, doubt: "" });
    expect(called(after(DOCKER_NFT, [webPinged])).answer).toBe(true);
    expect(called(after(DOCKER_IPTABLES, [webPinged], "docker0", "enp0s3")).answer).toBe(true);
  });

  test("is sent there whatever is translated of an IP version that nobody saved the rules of", () => {
    expect(called(after(DOCKER_IPTABLES, [webPinged, fetchedIpv6])).answer).toBe(true);
  });

  test("is not sent there by another port's rule", () => {
    expect(called(after(DOCKER_IPTABLES, [webPinged]), 89)).toEqual({ answer: false, rules: "", doubt: "" });
  });

  test("may be, as long as no flow shows that the outside is not docker0", () => {
    const facts = after(docker(), [{ ...webPinged, initiator: "unknown" }]);
    expect(called(facts)).toEqual({ answer: undefined, rules: PUBLISH, doubt: "it asks for more than is to be seen" });
  });

  describe("where rules ask for the uplink by its name, and the capture does not tell that", () => {
    test("is, once a flow shows that it is called so", () => {
      expect(called(after(publishedBy("enp0s3"), []), 89).answer).toBeUndefined();
      expect(called(after(publishedBy("enp0s3"), [published]), 89).answer).toBe(true);
    });

    test.each([
      ["it asks for several that are called alike", publishedBy("enp+")],
      [
        "another rule may have made that flow",
        publishedBy("enp0s3", "-A PREROUTING -p tcp -m tcp --dport 88 -j DNAT --to-destination 172.17.0.2:80"),
      ],
      ["another interface may be meant", publishedBy("enp0s3", ...publishedBy("wlan0").split("\n").slice(2, 4))],
    ])("may be, where %s", (_, rules) => {
      expect(called(after(rules, [published]), 89).answer).toBeUndefined();
    });

    test("is not by a rule of another one", () => {
      const other = "-A PREROUTING -i wlan0 -p tcp -m tcp --dport 90 -j DNAT --to-destination 172.17.0.2:82";
      expect(called(after(publishedBy("enp0s3", other), []), 90).answer).toBeUndefined();
      expect(called(after(publishedBy("enp0s3", other), [published]), 90).answer).toBe(false);
    });
  });

  test("may be, where nothing shows that the address is on an interface of the host", () => {
    const snat = docker().replace("-j MASQUERADE", "-j SNAT --to-source 10.0.2.15");
    expect(called(after(snat, [webPinged])).answer).toBeUndefined();
    // a rule that asks for that is met by who came to another port of it
    const other = flow("tcp", "outside", "10.0.2.2.5 > 172.17.0.2.81", "10.0.2.2.5 > 10.0.2.15.89");
    const both = snat.replace(
      PUBLISH,
      `${PUBLISH}\n-A DOCKER -p tcp -m tcp --dport 89 -j DNAT --to-destination 172.17.0.2:81`,
    );
    expect(called(after(both, [webPinged, other])).answer).toBe(true);
    expect(called(after(docker(), [webPinged]), 88, "203.0.113.9").answer).toBeUndefined();
  });

  test("is sent inside where the host's routes lead there", () => {
    for (const [leadsInside, answer] of [
      [true, true],
      [false, undefined],
    ] as const) {
      const history = new RuleHistory(DOCKER_IPTABLES);
      const facts = new RuleFacts(history, named("docker0", "enp0s3"), own("10.0.2.15"), () => leadsInside);
      expect(called(facts).answer).toBe(answer);
    }
  });

  test("is sent inside as long as the host has the address that it goes to", () => {
    const addresses = own("10.0.2.15");
    addresses.take(having(100n, ["10.0.2.33"]));
    addresses.take(having(200n, ["10.0.2.15"]));
    const facts = new RuleFacts(new RuleHistory(DOCKER_IPTABLES), named("docker0", "enp0s3"), addresses, () => true);
    // it left with that address once
    facts.learn(webPinged);
    const answerAt = (timeNs: bigint) => {
      facts.reach(timeNs);
      return called(facts).answer;
    };
    expect([50n, 150n, 250n].map(answerAt)).toEqual([undefined, undefined, true]);
  });

  test("may be sent to somebody of whom nothing shows that he is inside", () => {
    const facts = after(docker(), [pinged]);
    expect(called(facts)).toEqual({
      answer: undefined,
      rules: PUBLISH,
      doubt: "nothing shows that 172.17.0.2 is inside",
    });
  });

  test.each([
    ["another rule takes who is listed", "-A DOCKER -m set --match-set banned src -j RETURN"],
    ["a match stands alone", "-A DOCKER -m socket -j RETURN"],
    ["a target is not understood", "-A DOCKER -p tcp -m tcp --dport 88 -j SOMETHING --new"],
  ])("may be, where %s", (_, rule) => {
    expect(called(after(docker(rule), [webPinged])).answer).toBeUndefined();
  });

  test("is sent inside whichever of several rules sends him there", () => {
    const half =
      "-A DOCKER -p tcp -m tcp --dport 88 -m statistic --mode random --probability 0.5 -j DNAT --to-destination 172.17.0.4:80";
    expect(called(after(docker(half), [webPinged, pinged]))).toEqual({
      answer: true,
      rules: `one of ${half}; ${PUBLISH}`,
      doubt: "",
    });
    expect(called(after(docker(half), [webPinged])).doubt).toBe("nothing shows that 172.17.0.4 is inside");
  });

  test("is not, where a rule exempts him, or redirects to the host itself", () => {
    for (const rule of ["-s 198.51.100.0/24 -j RETURN", "-p tcp -m tcp --dport 88 -j REDIRECT --to-ports 8080"])
      expect(called(after(docker(`-A DOCKER ${rule}`), [webPinged])).answer).toBe(false);
  });

  test("may be, where some pass the rules by, not all was read, or nothing was of that IP version", () => {
    const raw = "*raw\n-A PREROUTING -p tcp -j CT --notrack\nCOMMIT\n";
    expect(called(after(docker() + raw, [webPinged])).answer).toBeUndefined();
    expect(called(after(`what\n${docker()}`, [webPinged])).answer).toBeUndefined();
    const ipv6 = after(docker(), [webPinged]).arriving(TCP, {
      src: "2001:db8::1",
      srcPort: 5,
      dst: "fd00::2",
      dstPort: 88,
    });
    expect(ipv6).toEqual({ answer: undefined, rules: "", doubt: "the rules ask for more than is to be seen" });
  });

  test("may be, where the rules do not explain what was seen: they are of another host or time", () => {
    expect(called(after(docker(), [webPinged, published])).answer).toBe(true);
    const other = flow("tcp", "outside", "10.0.2.2.5 > 172.17.0.2.81", "10.0.2.2.5 > 10.0.2.15.89");
    expect(called(after(docker(), [webPinged, other])).doubt).toBe(
      "the rules do not explain all translations that were seen",
    );
  });
});

test("no flow is held against the rules that they cannot explain: across IP versions, or met in the middle, where the other end may have opened it", () => {
  const nat64 = flow("tcp", "inside", "fd00:17::3.1 > 64:ff9b::1.80", "10.0.2.15.1 > 180.101.49.11.80");
  const midway = flow(
    "udp",
    "outside",
    "180.101.49.11.50000 > 172.17.0.3.40000",
    "180.101.49.11.50000 > 10.0.2.15.40000",
  );
  expect(called(after(docker(), [webPinged, nat64, midway])).answer).toBe(true);
});

describe("what leaves", () => {
  test("is hidden by the rule for its network", () => {
    expect(left(after(docker(), [fetched]))).toEqual({ answer: true, rules: MASQUERADE, doubt: "" });
    expect(left(after(docker(), [fetched]), "180.101.49.11", "172.18.0.3").answer).toBe(false);
    // the outside may be docker0 as long as nothing was seen
    expect(left(after(docker(), [routed])).answer).toBeUndefined();
    expect(left(after(docker(), [routed], "docker0", "enp0s3")).answer).toBe(true);
    expect(left(after(docker(), [routed], "docker0", "docker0")).answer).toBe(false);
  });

  test("is not, where a rule before exempts it, and may be, where natcorr does not understand that rule", () => {
    const exempt = docker().replace(MASQUERADE, `-A POSTROUTING -d 10.8.0.0/16 -j ACCEPT\n${MASQUERADE}`);
    expect(left(after(exempt, [fetched]), "10.8.0.1").answer).toBe(false);
    expect(left(after(exempt, [fetched]), "10.9.0.1").answer).toBe(true);
    const ipsec = docker().replace(
      MASQUERADE,
      `-A POSTROUTING -m policy --dir out --pol ipsec -j ACCEPT\n${MASQUERADE}`,
    );
    expect(left(after(ipsec, [fetched])).answer).toBeUndefined();
  });

  test("is not told where the rules do not explain who else is hidden", () => {
    expect(left(after(docker().replace(MASQUERADE, ""), [fetched])).answer).toBeUndefined();
  });
});

describe("what a helper has conntrack expect", () => {
  const control = flow("tcp", "inside", "172.17.0.3.5000 > 180.101.49.11.21", "10.0.2.15.5000 > 180.101.49.11.21");
  const data = flow("tcp", "outside", "180.101.49.11.20 > 172.17.0.3.5001", "180.101.49.11.20 > 10.0.2.15.5001");
  const other = flow("tcp", "outside", "203.0.113.9.20 > 172.17.0.3.5001", "203.0.113.9.20 > 10.0.2.15.5001");

  test("is no rule's, and speaks against none", () => {
    expect(called(after(docker(), [webPinged, control, data])).answer).toBe(true);
    expect(called(after(docker(), [webPinged, data, control])).answer).toBe(true);
    expect(called(after(docker(), [webPinged, control, other])).answer).toBeUndefined();
  });

  test("lacks no rule", () => {
    const history = new RuleHistory(docker());
    const check = new RuleCheck(history, named("docker0", "enp0s3"));
    history.helped.note(control);
    for (const each of [control, data]) check.flow(each);
    expect(check.end()).toEqual([]);
    check.flow(other);
    expect(check.end()).toMatchObject([{ code: "rule-missing", count: 1 }]);
  });
});

/** What is said of the rules that may have translated `fetched`. */
const words = (text: string) => new RuleCheck(new RuleHistory(text), named("", "")).flow(fetched);

test("the only rule that may have made a translation did, unless not all rules were understood", () => {
  expect(words(docker())).toEqual([MASQUERADE]);
  const other = MASQUERADE.replace("docker0", "br-app");
  expect(words(nat(MASQUERADE, other))).toEqual([`one of 2: ${MASQUERADE}`, `one of 2: ${other}`]);
  expect(words(nat("-X POSTROUTING", MASQUERADE))).toEqual([`possibly ${MASQUERADE}`]);
  expect(words(nat("-A POSTROUTING -j FULLCONENAT", MASQUERADE))).toEqual([
    "possibly -A POSTROUTING -j FULLCONENAT",
    `possibly ${MASQUERADE}`,
  ]);
});

describe("who calls somebody outside", () => {
  const redirecting = "-A PREROUTING -i docker0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3128";

  test("is given to the host itself by a rule that redirects", () => {
    const facts = after(nat(redirecting, MASQUERADE), [webPinged], "docker0", "enp0s3");
    expect(taken(facts, 80)).toEqual({ answer: true, rules: redirecting, doubt: "" });
    expect(taken(facts, 81)).toEqual({ answer: false, rules: "", doubt: "" });
    const nft =
      "table ip nat {\n chain pre {\n  type nat hook prerouting priority -100;\n  tcp dport 80 redirect to :3128\n }\n}";
    expect(taken(after(nft, [], "docker0", "enp0s3"), 80)).toMatchObject({ answer: true });
  });

  test("may be given to a proxy, on the side that a rule names, and what no proxy takes is redirected all the same", () => {
    const proxying = "-A PREROUTING -i enp0s3 -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0";
    const text = `*mangle\n${proxying}\nCOMMIT\n${nat(redirecting, MASQUERADE)}`;
    const facts = after(text, [webPinged], "docker0", "enp0s3");
    expect(facts.taking(OUTSIDE, TCP, { src: "198.51.100.7", srcPort: 5, dst: "10.0.7.9", dstPort: 80 })).toEqual({
      answer: undefined,
      rules: proxying,
      doubt: "a proxy takes it only where it listens, and else the rule drops it (--trace live tells)",
    });
    expect(taken(facts, 80)).toEqual({ answer: true, rules: redirecting, doubt: "" });
    const untracked = after(`*raw\n-A PREROUTING -p icmp -j CT --notrack\nCOMMIT\n${text}`, [], "docker0", "enp0s3");
    expect(taken(untracked, 80).answer).toBeUndefined();
  });

  test("may be, as long as nothing tells the interface that the rule asks for", () => {
    const doubt = "it asks for more than is to be seen";
    expect(taken(after(nat(redirecting, MASQUERADE), [webPinged]), 80)).toEqual({
      answer: undefined,
      rules: redirecting,
      doubt,
    });
  });
});
