import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filed } from "../support/natcorr.js";
import { isSkipped, root, tools } from "../support/needs.js";
import { scratch } from "../support/scratch.js";

const ROOT = join(import.meta.dirname, "../..");
const LAB = join(ROOT, "scripts/lab/lab");
const LAB_NAME = `natcorr-test-${process.pid}-no-proxy`;
const env = { ...process.env, LAB_NAME, LAB_ENGINE_OPTIONS: "--userland-proxy=false" };
const SOCKET = `/run/natcorr-lab/${LAB_NAME}-docker/docker.sock`;

const skips = isSkipped(
  "an engine without docker-proxies, in the lab",
  root,
  tools(["ip", "iptables", "conntrack", "dockerd", "docker", "runc", "busybox"], "scripts/lab/install"),
);

const lab = (...args: readonly string[]): string =>
  execFileSync(LAB, args, { env, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });

/** Has somebody call a published port, and get a page. */
const call = (place: string, address: string): string =>
  lab("exec", place, "busybox", "wget", "-q", "-O", "/dev/null", `http://${address}:88/`);

describe.skipIf(skips)("an engine without docker-proxies", () => {
  beforeAll(() => lab("up", "docker"));
  afterAll(() => lab("down", "docker"));

  it("has each call of a published port told as what conntrack says it was, live and by its file", async () => {
    const path = scratch("no-proxy.pcapng");
    const main = [process.execPath, join(ROOT, "dist/main.js")];
    const options = ["--docker", SOCKET, "--rules", "live", "--format", "ndjson", "-w", path];
    const running = spawn(LAB, ["exec", "dhost", ...main, "live", "docker0", "enp0s3", ...options], { env });
    const ended = once(running, "close");
    let [stdout, stderr] = ["", ""];
    running.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    running.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    while (!stderr.includes("capturing on")) await sleep(10);
    call("wan", "10.0.2.15");
    // by the host itself, on loopback too (route_localnet); by a container, and by the one that publishes it
    for (const address of ["10.0.2.15", "127.0.0.1"]) call("dhost", address);
    for (const place of ["c1", "web"]) call(place, "10.0.2.15");
    running.kill("SIGINT");
    await ended;
    const entries = lab("exec", "dhost", "conntrack", "-L", "-p", "tcp");
    expect(entries.match(/ dport=88 src=172\.17\.0\.2 /g)).toHaveLength(5);
    for (const text of [stdout, await filed(path, "--inside", "docker0", "--outside", "enp0s3")]) {
      const lines = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(lines.at(-1).published).toEqual([
        expect.objectContaining({
          hostPort: 88,
          container: "web",
          pids: [],
          translated: 1,
          fromHost: 2,
          fromHostUnclear: 0,
          fromInside: 2,
          fromInsideUnclear: 0,
          proxied: 0,
          proxiedFromHost: 0,
          unclear: 0,
          dropped: 0,
          refused: 0,
          unknown: 0,
        }),
      ]);
      const verdicts = lines.flatMap(({ type, verdict }) => (type === "unmatched" ? [verdict] : []));
      // a bridge shows twice what it hands to the rules and takes back
      expect([...new Set(verdicts)].filter((verdict) => verdict !== "copy")).toEqual(["local"]);
    }
  });
});
