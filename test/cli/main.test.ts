import { execFileSync, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { natcorr as inThisProcess, natcorrIn } from "../support/natcorr.js";
import { ethernet, ipv4, tcp } from "../support/packets.js";
import { pcap } from "../support/pcap.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const PACKAGE = fileURLToPath(new URL("../../package.json", import.meta.url));

let folder: string;
let inside: string;
let outside: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "natcorr-"));
  inside = capture("docker0.pcap", "172.17.0.2", 64, 0n, 3000);
  outside = capture("enp0s3.pcap", "10.0.2.15", 63, 29_000n, 3000);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A capture of TCP segments, one a millisecond, as they look on one side. The stamp of the one that leaps is 100 seconds ahead. */
function capture(name: string, src: string, ttl: number, delayNs: bigint, count: number, leaps = -1): string {
  const frames = Array.from({ length: count }, (_, at) => ({
    timeNs: 1_700_000_000_000_000_000n + BigInt(at) * 1_000_000n + delayNs + (at === leaps ? 100_000_000_000n : 0n),
    frame: ethernet(
      ipv4({ src, dst: "180.101.49.11", ttl, id: at + 1 }, tcp({ srcPort: 45678, dstPort: 443, seq: at + 1, ack: 1 })),
    ),
  }));
  const path = join(folder, name);
  writeFileSync(path, pcap(frames));
  return path;
}

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function natcorr(args: readonly string[], input?: Buffer): Outcome {
  const { PATH = "" } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    env: { PATH, TZ: "UTC" },
    ...(input && { input }),
    maxBuffer: 1 << 26,
  });
  return { status, stdout, stderr };
}

it("calls captures by their paths: two of one name are told apart", async () => {
  const [one, other] = [inside, outside].map((from, at) => {
    const path = join(mkdtempSync(join(folder, `${at}-`)), "cap.pcap");
    copyFileSync(from, path);
    return path;
  });
  const { stdout } = await inThisProcess("file", "-q", "--format", "ndjson", one, other);
  const { captures } = JSON.parse(stdout.slice(0, stdout.indexOf("\n")));
  expect(captures).toMatchObject({ inside: [{ name: one }], outside: [{ name: other }] });
  const { stdout: text } = await inThisProcess("file", "-q", "--width", "400", one, other);
  expect(text).toContain(`Totals: inside ${one}, outside ${other}\n`);
});

describe("usage", () => {
  it("shows help where nothing is asked for", () => {
    const { status, stdout } = natcorr([]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: natcorr/);
    expect(stdout).toContain("Examples:");
  });

  it("tells the version of the package", () => {
    const { version }: { version: string } = JSON.parse(readFileSync(PACKAGE, "utf8"));
    for (const args of [["--version"], ["-V"], ["--version", "file"]]) {
      expect(natcorr(args)).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
    }
  });

  it.each([
    [["fiel", "a", "b"], "Did you mean file?"],
    [["help", "nope"], "there is no command 'nope'"],
    [["file"], "missing required argument 'inside'"],
    [["file", "a"], "missing required argument 'outside'"],
    [["file", "a", "b", "c"], "filter 'c': can't parse filter expression: syntax error"],
    [["file", "-", "-"], "standard input can be one of the captures only"],
    [["file", "--bogus", "a", "b"], "unknown option '--bogus'"],
    [["file", "--format", "xml", "a", "b"], "Allowed choices are text, ndjson"],
    [["file", "--window", "0", "a", "b"], "longer than nothing"],
    [["file", "--window", "1x", "a", "b"], "must be a duration"],
    [["file", "--clock-offset", "soon", "a", "b"], "auto, none, or a duration"],
    [["file", "--count", "0", "a", "b"], "whole number from 1 up"],
    [["file", "--color=sometimes", "a", "b"], "auto, always, never"],
  ])("%j is wrong: exit 2, and why", async (args, why) => {
    const { code, stdout, stderr } = await inThisProcess(...args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^natcorr: /);
    expect(stderr).toContain(why);
    expect(stderr).toContain("--help");
  });

  it("tells about itself and each command", async () => {
    for (const [args, usage] of [
      [["help"], /^Usage: natcorr \[/],
      [["help", "live"], /^Usage: natcorr live \[/],
      [["file", "--help"], /^Usage: natcorr file \[/],
    ] as const) {
      const { code, stdout, stderr } = await inThisProcess(...args);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(usage);
    }
  });

  it("says at once that Node is too old, in what Node 12 can parse", () => {
    const code = readFileSync(MAIN, "utf8").replace(/^#!.*/, "");
    // what came with Node 14 and later: optional chaining, ??, private fields
    expect(code.replaceAll(/\/\*\*[^]*?\*\/|\/\/.*/g, "")).not.toMatch(/\?\.[\w[(]|\?\?|[^&\w"'`]#\w/);
    const said: string[] = [];
    const process = {
      versions: { node: "18.20.4" },
      version: "v18.20.4",
      stderr: { write: (text: string) => said.push(text) },
      exit: (status: number) => {
        throw new Error(`exit ${status}`);
      },
    };
    const run = new Script(code);
    expect(() => run.runInNewContext({ process })).toThrow("exit 1");
    expect(said).toEqual(["natcorr needs Node 20 or newer, and this is v18.20.4\n"]);
  });

  it("exits 2 where the usage is wrong, and says so on standard error", () => {
    const { status, stdout, stderr } = natcorr(["fiel", "a", "b"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^natcorr: .*--help/s);
  });

  it("exits 1 where a capture is cut off, after all that could be used", async () => {
    const cut = join(folder, "cut.pcap");
    writeFileSync(cut, readFileSync(outside).subarray(0, 100_000));
    const { code, stdout, stderr } = await inThisProcess("file", "-q", inside, cut);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cut\.pcap: damaged at frame \d+, .* frames 1 to \d+ are used\n/);
    expect(stdout).toMatch(/outside +(\d+) += +\1 /);
    // how far it was read beyond the last pair that is wanted does not matter
    expect(await inThisProcess("file", "-q", "-c", "3", inside, cut)).toMatchObject({ code: 0, stderr: "" });
    expect(await inThisProcess("file", "-q", "-c", "9999", inside, cut)).toMatchObject({ code: 1, stderr });
  });

  it.each([
    ["1s", /^natcorr: --clock-offset is wrong: packets show that .*\n$/],
    ["20us", /^$/],
  ])("says that an offset is wrong which packets contradict: %s", async (offset, said) => {
    expect((await inThisProcess("file", "-q", "--clock-offset", offset, inside, outside)).stderr).toMatch(said);
  });

  it.each(["1s", "-1s", "3ms"])("says so by a few pings, and goes by the clocks as they are: %s", async (offset) => {
    const captures = ["inside", "outside"].map((side) => join(import.meta.dirname, `../../fixtures/ping/${side}.pcap`));
    const { stdout, stderr } = await inThisProcess("file", "-q", "--clock-offset", offset, ...captures);
    expect(stderr).toMatch(
      /^natcorr: --clock-offset is wrong: packets show that outside is \d\d\.\dµs ahead of inside, and natcorr goes by that\n$/,
    );
    expect(stdout).toMatch(/inside +12 += +10 /);
    expect(stdout).not.toContain("one was set");
  });

  it("asks for an offset that is given where nothing pairs by it", async () => {
    const captures = ["inside", "outside"].map((side) => join(import.meta.dirname, `../../fixtures/ping/${side}.pcap`));
    const { stdout } = await inThisProcess("file", "-q", "--clock-offset", "20s", "--width", "200", ...captures);
    expect(stdout).toContain("by their stamps and --clock-offset, outside ends 15.9987 s before inside begins");
  });

  it("says so where nothing passed an interface but ARP", async () => {
    const silent = join(folder, "silent.pcap");
    const frame = ethernet(new Uint8Array(28), { type: 0x0806 });
    writeFileSync(silent, pcap([{ timeNs: 1_700_000_000_000_000_000n, frame }]));
    const { code, stdout } = await inThisProcess("file", "-q", silent, outside);
    expect([code, stdout]).toEqual([0, expect.stringContaining("nothing-paired: inside has no IP packets: nobody")]);
    expect(stdout).toContain("whether it has a network");
  });

  it("exits 1 where frames cannot be decoded, and 3 where that is to fail it as well", async () => {
    const strange = join(folder, "strange.pcap");
    // LINKTYPE_USER0
    writeFileSync(strange, pcap([{ timeNs: 1_700_000_000_000_000_000n, frame: Buffer.alloc(60) }], { linkType: 147 }));
    const { code, stdout, stderr } = await inThisProcess("file", "-q", inside, strange);
    expect([code, stderr]).toEqual([1, expect.stringContaining("link type 147")]);
    expect(stdout).toMatch(/inside +3000 /);
    expect((await inThisProcess("file", "-q", "--fail-on", "unknown,no-overlap", inside, strange)).code).toBe(3);
  });

  it("exits 1 where a capture cannot be used, without a stack", () => {
    const { status, stdout, stderr } = natcorr(["file", inside, join(folder, "missing.pcap")]);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^natcorr: .*missing\.pcap: /);
    expect(stderr).not.toContain("    at ");
  });
});

describe("file", () => {
  it("pairs all, in both formats, and accounts for every frame", async () => {
    const text = natcorr(["file", inside, outside]);
    expect(text.status).toBe(0);
    expect(text.stdout).toMatch(/Totals: inside \S+\/docker0\.pcap,\s[^]*\ninside +3000 += +3000 /);
    expect(text.stdout).not.toContain("\u001B");
    const ndjson = await inThisProcess("file", "--format", "ndjson", inside, outside);
    const lines = ndjson.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({
      type: "header",
      captures: { inside: [{ name: inside }], outside: [{ name: outside }] },
    });
    expect(lines.filter(({ type }) => type === "pair")).toHaveLength(3000);
    expect(lines.at(-1)).toMatchObject({
      type: "summary",
      totals: { inside: { frames: 3000, paired: 3000 }, outside: { paired: 3000 } },
    });
  });

  it("reads one side from standard input", () => {
    const { status, stdout } = natcorr(["file", "-q", inside, "-"], readFileSync(outside));
    expect(status).toBe(0);
    expect(stdout).toMatch(/Totals: [^]* outside stdin\n[^]*\noutside +3000 += +3000 /);
  });

  it("stops after as many pairs as are asked for", async () => {
    const { stdout } = await inThisProcess("file", "--format", "ndjson", "-c", "3", inside, outside);
    expect(stdout.match(/"type":"pair"/g)).toHaveLength(3);
  });

  it.each([
    [["--color"], {}, true],
    [["--color", "always"], { NO_COLOR: "1" }, true],
    [["--color=never"], { FORCE_COLOR: "1" }, false],
    [["--no-color"], { FORCE_COLOR: "1" }, false],
    [[], { FORCE_COLOR: "1" }, true],
    [[], { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    [[], {}, false],
  ])("colours with %j and %j: %s", async (args, env, isColored) => {
    const { code, stdout } = await natcorrIn(env, "file", "-c", "1", ...args, inside, outside);
    expect(code).toBe(0);
    expect(stdout.includes("\u001B[")).toBe(isColored);
  });

  it("ends quietly when nobody reads on", () => {
    const script = '"$0" "$1" file "$2" "$3" | head -n 1; echo "${PIPESTATUS[0]}"';
    const { stdout, stderr } = spawnSync("bash", ["-c", script, process.execPath, MAIN, inside, outside], {
      encoding: "utf8",
    });
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("0");
    expect(stderr).toBe("");
  });

  it("holds back nothing that a slow reader has not taken: what it says last is said once all else was read", async () => {
    const leaping = capture("leaping.pcap", "172.17.0.2", 64, 0n, 3000, 1500);
    const child = spawn(process.execPath, [MAIN, "file", "--format", "ndjson", leaping, outside]);
    let read = 0;
    let readBefore = 0;
    child.stdout.on("data", (chunk: Buffer) => (read += chunk.length));
    child.stderr.once("data", () => (readBefore = read));
    await new Promise((resolve) => void child.on("close", resolve));
    expect(read).toBeGreaterThan(1_500_000);
    // what a pipe and the stream at its end hold
    expect(readBefore).toBeGreaterThan(1_000_000);
  });

  it("opens no debugger on SIGUSR1, as Node by itself does", async () => {
    const child = spawn(process.execPath, [MAIN, "file", "--format", "ndjson", inside, "-"]);
    const capture = readFileSync(outside);
    child.stdin.write(capture.subarray(0, 100_000));
    let stdout = "";
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        if (stdout === "") {
          child.kill("SIGUSR1");
          child.stdin.end(capture.subarray(100_000));
        }
        stdout += chunk.toString();
      });
      child.on("close", resolve);
    });
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("ends with totals on SIGINT while a FIFO's writer is silent", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    const child = spawn(process.execPath, [MAIN, "file", "--format", "ndjson", inside, fifo], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const writer = spawn("bash", ["-c", 'exec 3>"$1"; head -c 100000 "$0" >&3; read -r _', outside, fifo], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    let stdout = "";
    const code = await new Promise<number | null>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        // what the writer has written so far is shown; now there is nothing to wait for
        if (stdout === "") child.kill("SIGINT");
        stdout += chunk.toString();
      });
      child.on("close", resolve);
    });
    writer.stdin.end("\n");
    expect(code).toBe(0);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ type: "summary" });
  });
});

/** Less address space than WebAssembly takes by default, KiB. */
const LITTLE_KIB = 9_000_000;

function limited(options: string): Outcome {
  const script = 'ulimit -v "$0"; exec "$@"';
  const args = ["-c", script, String(LITTLE_KIB), process.execPath, MAIN, "file", "-q", inside, outside];
  const env = { PATH: process.env["PATH"], NODE_OPTIONS: options };
  return spawnSync("sh", args, { encoding: "utf8", env });
}

describe("with little address space", () => {
  it("says what to do", () => {
    const { status, stdout, stderr } = limited("");
    expect(stderr).toMatch(
      /^natcorr: there is no address space for WebAssembly, .*\sNODE_OPTIONS=--disable-wasm-trap-handler/s,
    );
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });

  it("needs no more where it is told so", () => {
    const { status, stderr } = limited("--disable-wasm-trap-handler");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});
