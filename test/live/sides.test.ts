import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filed } from "../support/natcorr.js";
import { KINDS, Lab, type Line, PUBLIC, skips } from "./lab.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const APP = "172.18.0.2";
/** As the header lists them: in the order of their names. */
const [BR_APP, DOCKER0] = [0, 1];

/** A container on a bridge of its own, br-app, that may speak to those of docker0: what that takes in each kind of lab. */
const SECOND_BRIDGE = {
  plain: (lab: string) => `
    ip link add br-app type bridge
    ip addr add 172.18.0.1/16 dev br-app
    ip link set br-app up
    ip netns add ${lab}-plain-app
    ip link add app0 type veth peer name eth0 netns ${lab}-plain-app
    ip link set app0 master br-app up
    ip -n ${lab}-plain-app link set lo up
    ip -n ${lab}-plain-app addr add ${APP}/16 dev eth0
    ip -n ${lab}-plain-app link set eth0 up
    ip -n ${lab}-plain-app route add default via 172.18.0.1
    iptables -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o br-app -j MASQUERADE`,
  docker: (lab: string) => `
    export DOCKER_HOST=unix:///run/natcorr-lab/${lab}-docker/docker.sock
    docker network create --subnet 172.18.0.0/16 -o com.docker.network.bridge.name=br-app app
    docker run -d --name app --network app busybox:lab sleep 1000
    ip netns attach ${lab}-docker-app $(docker inspect -f '{{.State.Pid}}' app)
    iptables -I DOCKER-USER -i docker0 -o br-app -j ACCEPT
    iptables -I DOCKER-USER -i br-app -o docker0 -j ACCEPT`,
} as const;

/** A bridge, by a name that Docker gives, with nobody on it. */
const LATE_BRIDGE = {
  plain: () => "ip link add br-0123456789ab type bridge; ip link set br-0123456789ab up",
  docker: (lab: string) => `
    export DOCKER_HOST=unix:///run/natcorr-lab/${lab}-docker/docker.sock
    docker network create -o com.docker.network.bridge.name=br-0123456789ab late`,
} as const;

interface Pair extends Line {
  readonly by: string;
  readonly inside: Line["inside"] & { readonly capture?: number; readonly src: string };
  readonly outside: Line["outside"] & { readonly capture?: number };
}

const sorted = (pairs: readonly Pair[]): string[] =>
  pairs.map(({ by, inside, outside }) => [by, inside.time, outside.time].join(" ")).sort();

describe.skipIf(skips).each(KINDS)("natcorr live on two bridges of the %s lab", (kind) => {
  let lab: Lab;
  let folder: string;

  beforeAll(async () => {
    lab = new Lab(kind);
    folder = mkdtempSync(join(tmpdir(), "natcorr-sides-"));
    await lab.run("dhost", "bash", "-ec", SECOND_BRIDGE[kind](lab.name));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
    lab.down();
    execFileSync("ip", ["netns", "del", `${lab.name}-${kind}-app`]);
  });

  const ping = (place: string, to: string): Promise<string> =>
    lab.run(place, "ping", "-q", "-i", "0.02", "-c", "5", to);

  it("pairs what each of them sends, and what goes from one to the other, and reads back the same", async () => {
    const path = join(folder, "all.pcapng");
    const live = await lab.live("docker0,br-app", "enp0s3", "--format", "ndjson", "-w", path);
    await ping("c1", PUBLIC);
    await ping("app", PUBLIC);
    await ping("c1", APP);
    expect(await live.interrupt()).toBe(0);
    expect(live.lines[0]).toMatchObject({
      captures: { inside: [{ name: "br-app" }, { name: "docker0" }], outside: [{ name: "enp0s3" }] },
    });
    const pairs = live.lines.filter((line): line is Pair => line.type === "pair");
    const from = (src: string, by: (way: string) => boolean): Pair[] =>
      pairs.filter((pair) => pair.inside.src === src && by(pair.by));
    const capturesOf = (some: readonly Pair[]): unknown[] => [
      ...new Set(some.map(({ inside: { capture = BR_APP } }) => capture)),
    ];
    expect(capturesOf(from("172.17.0.3", (by) => by !== "hairpin"))).toEqual([DOCKER0]);
    expect(capturesOf(from(APP, (by) => by !== "hairpin"))).toEqual([BR_APP]);
    // five pings there, and five answers back
    const turned = pairs.filter(({ by }) => by === "hairpin");
    expect(turned).toHaveLength(10);
    for (const { inside, outside } of turned) expect(inside.capture).not.toBe(outside.capture);
    expect(live.lines.filter(({ verdict }) => verdict === "dropped")).toEqual([]);

    const sides = ["--inside", "docker0,br-app", "--outside", "enp0s3"];
    const readBack = (await filed(path, ...sides))
      .split("\n")
      .filter((line) => line.startsWith('{"type":"pair"'))
      .map((line): Pair => JSON.parse(line));
    expect(sorted(readBack)).toEqual(sorted(pairs));
  });

  it("goes on with the other interfaces when one of a side goes, and says so", async () => {
    await lab.run("dhost", "bash", "-ec", "ip link add br-tmp type bridge; ip link set br-tmp up");
    const live = await lab.live("br-tmp,docker0", "enp0s3", "--format", "ndjson");
    await ping("c1", PUBLIC);
    await lab.run("dhost", "ip", "link", "del", "br-tmp");
    await live.hasSaid(/br-tmp: .*gone|br-tmp: .*disappeared/);
    await ping("c1", PUBLIC);
    expect(await live.interrupt()).toBe(1);
    expect(live.stderr.match(/br-tmp: .*: the run goes on with docker0, enp0s3/g)).toHaveLength(1);
    expect(live.stderr).toMatch(/br-tmp: \d+ packets? captured/);
    expect(live.pairs.filter(({ proto }) => proto === "icmp")).toHaveLength(20);
  });

  it("takes the bridges and the uplink by itself", async () => {
    const host = `DOCKER_HOST=unix:///run/natcorr-lab/${lab.name}-docker/docker.sock`;
    const bridges = kind === "docker" ? "br-app, docker0" : "docker0";
    const live = lab.start("dhost", "env", host, process.execPath, MAIN, "live", "-q", "icmp");
    await live.hasSaid(/capturing on/);
    await lab.run("dhost", "bash", "-ec", LATE_BRIDGE[kind](lab.name));
    await live.interrupt();
    expect(live.stderr).toContain(`capturing on ${bridges} (inside) and enp0s3 (outside)`);
    expect(live.stderr).toContain("no interfaces are named");
    expect(live.stderr).toContain("br-0123456789ab is not captured: it came up, or was told of, after the start");
  });
});
