import { expect, it } from "vitest";
import { CapturedLinks } from "../../src/host/captured-links.js";
import { snapshot } from "./drops/drops.js";

const FACTS = snapshot(100, {
  interfaces: [
    { ifname: "enp0s3" },
    { ifname: "docker0", info_kind: "bridge" },
    { ifname: "veth1", info_kind: "veth", master: "docker0" },
    { ifname: "br-app", info_kind: "bridge" },
  ],
  // more than the destination chooses a route: what reaches a container passes its interface all the same
  policyRules: [{ priority: 9, src: "all", fwmark: "0x1", table: "100" }],
});

function captured(
  names: readonly string[],
  links: readonly (string | undefined)[],
  gone: readonly string[] = [],
): string {
  return new CapturedLinks({ facts: FACTS }, names, new Set(gone)).capturedOf(new Set(links));
}

it.each([
  ["its interface is captured", ["docker0"], ["docker0"], "all"],
  ["both are", ["docker0", "br-app"], ["br-app", "docker0"], "all"],
  ["one of two is", ["docker0"], ["docker0", "br-app"], "untold"],
  ["another one is", ["docker0"], ["br-app"], "none"],
  ["a part of it is", ["veth1"], ["docker0"], "untold"],
  ["it has none on this host", ["docker0"], [], "none"],
  ["one is not known", ["docker0"], ["docker0", undefined], "untold"],
  ["none is known", ["docker0"], [undefined], "untold"],
  ["a capture is of nobody knows what", ["docker0", ""], ["br-app"], "untold"],
  ["a capture is of no interface of this host", ["docker0", "eth0"], ["br-app"], "untold"],
] as const)("what reaches a container is captured, where %s: %s of %s: %s", (_, names, links, answer) => {
  expect(captured(names, links)).toBe(answer);
});

it("an interface that is gone was captured for a while", () => {
  expect(captured(["docker0", "br-app"], ["br-app"], ["br-app"])).toBe("untold");
  expect(captured(["docker0", "br-old"], ["br-app"], ["br-old"])).toBe("none");
});

it("nothing is told of a host that says nothing", () => {
  expect(new CapturedLinks({ facts: undefined }, ["docker0"]).capturedOf(new Set(["br-app"]))).toBe("untold");
});
