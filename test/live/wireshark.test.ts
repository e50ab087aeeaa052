import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { natcorrIn } from "../support/natcorr.js";
import { Lab, PUBLIC, type Running, skips } from "./lab.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const SIDES = ["--inside", "docker0", "--outside", "enp0s3"];
const FIELDS = ["frame.number", "frame.time_epoch", "natcorr.twin", "natcorr.latency", "natcorr.verdict"];
/** Only what a test sends is compared: bridges and neighbours send some by themselves. */
const SENT = "icmp || udp.port == 5555";

describe.skipIf(skips)("natcorr as an interface of Wireshark", () => {
  let lab: Lab;
  let folder: string;

  beforeAll(async () => {
    lab = new Lab("plain");
    folder = mkdtempSync(join(tmpdir(), "natcorr-wireshark-"));
    await natcorrIn({ HOME: folder }, "wireshark", "--install");
    await lab.run("dhost", "iptables", "-I", "FORWARD", "-p", "udp", "--dport", "5555", "-j", "DROP");
  });

  afterEach(() => lab.endAll());

  afterAll(() => {
    rmSync(folder, { recursive: true });
    lab.down();
  });

  const ping = (count: number): Promise<string> =>
    lab.run("c1", "ping", "-q", "-i", "0.02", "-c", String(count), PUBLIC);
  const send = (text: string): Promise<string> => lab.run("c1", "bash", "-c", `echo ${text} > /dev/udp/${PUBLIC}/5555`);

  /** tshark that captures by natcorr, once that does, and prints a line of each frame that a display filter selects. */
  const capturing = async (filter: string, ...more: readonly string[]): Promise<Running> => {
    const env = ["env", "-u", "XDG_CONFIG_HOME", `HOME=${folder}`];
    const sides = ["inside:docker0", "outside:enp0s3", "host:off"].flatMap((each) => ["-o", `extcap.natcorr.${each}`]);
    const fields = ["-T", "fields", ...FIELDS.flatMap((name) => ["-e", name])];
    const tshark = lab.start(
      "dhost",
      ...env,
      "tshark",
      "-i",
      "natcorr",
      ...sides,
      "-l",
      "-Y",
      filter,
      ...fields,
      ...more,
    );
    await tshark.hasSaid(/Capture started/);
    return tshark;
  };

  it("shows both sides as they pass, each packet with what NDJSON says of it", async () => {
    const tshark = await capturing(SENT);
    const live = await lab.live("docker0", "enp0s3", "--format", "ndjson", "--host", "off");
    await ping(5);
    await send("lost");
    await ping(5);
    await live.hasSaid(/"verdict":"dropped"/);
    await live.interrupt();
    await tshark.hasSaid(/\tdropped\n(.*\n){20}/);
    await tshark.interrupt();

    const shown = tshark.stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")]));
    const timeOf = new Map(shown.map(([number, time]) => [number, time]));
    const times = shown.map(([, time]) => time);
    expect(times).toEqual(times.toSorted());
    const pairs = live.pairs.filter(({ proto }) => proto === "icmp");
    expect(pairs.length).toBe(20);
    const crossed = pairs.flatMap(({ inside, outside, latencyNs }) => [
      [inside.time, outside.time, latencyNs],
      [outside.time, inside.time, latencyNs],
    ]);
    const twinned = shown.filter(([, , twin]) => twin !== "");
    expect(
      twinned.map(([, time, twin, latency]) => [time, timeOf.get(twin), Math.round(Number(latency) * 1e9)]),
    ).toEqual(crossed.toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1)));
    expect(shown.filter(([, , twin]) => twin === "").map(([, , , , verdict]) => verdict)).toEqual(["dropped"]);
  });

  it("shows what a capture filter selects by either form, with its twins", async () => {
    const tshark = await capturing("frame", "-f", "icmp and host 172.17.0.3", "-c", "8");
    await ping(4);
    await send("lost");
    await tshark.ended;
    const shown = tshark.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(shown.length).toBe(8);
    for (const [number, , twin] of shown) expect(shown[Number(twin) - 1][2]).toBe(number);
  });

  it.each([
    ["inside:none0", "natcorr: none0: there is no such interface"],
    ["window:soon", "It must be a duration"],
  ])("says what is wrong with %s, by tshark", async (option, text) => {
    const tshark = await capturing("frame", "-o", `extcap.natcorr.${option}`);
    await tshark.ended;
    expect(tshark.stderr).toMatch(new RegExp(`Error by extcap pipe: [^]*${text}`));
  });

  it("has the last window as well where it is stopped as Wireshark stops it, which reads on until the end", async () => {
    const fifo = join(folder, "stopped");
    execFileSync("mkfifo", [fifo]);
    const path = join(folder, "stopped.pcapng");
    const reading = lab.start("dhost", "sh", "-c", `exec tee ${path} < ${fifo}`);
    const options = [...SIDES, "--host=off", "--window=20s", "--fifo", fifo];
    const capture = lab.start("dhost", process.execPath, MAIN, "extcap", "--capture", ...options);
    await reading.hasSaid(/docker0[^]*enp0s3/);
    await ping(5);
    await send("lost");
    capture.signal("SIGTERM");
    expect([await capture.ended, await reading.ended, capture.stderr]).toEqual([0, 0, ""]);
    const fields = ["-T", "fields", ...FIELDS.flatMap((name) => ["-e", name])];
    const env = ["env", "-u", "XDG_CONFIG_HOME", `HOME=${folder}`];
    const shown = await lab.run("dhost", ...env, "tshark", "-r", path, "-Y", SENT, ...fields);
    const lines = shown.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")]));
    const twins = new Map(lines.map(([number, , twin]) => [number, twin]));
    const crossed = lines.filter(([, , twin]) => twin !== "");
    expect(crossed.length).toBe(20);
    for (const [number, , twin] of crossed) expect(twins.get(twin)).toBe(number);
    // whether it would have come out, the run did not go on long enough to see
    expect(lines.filter(([, , twin]) => twin === "").length).toBe(1);
  });

  it("ends when it is told to, and when nobody reads any more, whether anything passes or not", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    const start = (): Running =>
      lab.start("dhost", process.execPath, MAIN, "extcap", "--capture", ...SIDES, "--host=off", "--fifo", fifo);
    const path = join(folder, "read.pcapng");
    const reading = lab.start("dhost", "sh", "-c", `exec tee ${path} < ${fifo}`);
    const capture = start();
    await reading.hasSaid(/docker0[^]*enp0s3/);
    capture.signal("SIGTERM");
    expect([await capture.ended, await reading.ended, capture.stderr]).toEqual([0, 0, ""]);
    // whole blocks, the last ones with the counters of both
    const bytes = readFileSync(path);
    const types: number[] = [];
    for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) types.push(bytes.readUInt32LE(at));
    expect([types.slice(0, 3), types.slice(-2)]).toEqual([
      [0x0a0d0d0a, 1, 1],
      [5, 5],
    ]);

    const leaving = lab.start("dhost", "sh", "-c", `exec tee ${path} < ${fifo}`);
    const unread = start();
    await leaving.hasSaid(/docker0[^]*enp0s3/);
    leaving.signal("SIGKILL");
    expect([await unread.ended, unread.stderr]).toEqual([0, ""]);
  });
});
