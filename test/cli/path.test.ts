import { Ajv2020 } from "ajv/dist/2020.js";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { SCHEMA } from "../../src/report/ndjson/schema.js";
import { builtNatcorr, natcorr, type Printed } from "../support/natcorr.js";
import { type Link, TWO_NATS, type Travelled, walk, type World } from "../support/path-world.js";
import { scratch } from "../support/scratch.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");
const NAMES = ["c1-eth0", "docker0", "enp0s3", "router-lan", "router-wan"];

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(SCHEMA);

interface Seen {
  readonly point: number;
  readonly frames: readonly number[];
}

interface Crossed {
  readonly hop: number;
  readonly latencyNs: number;
  readonly direction: string;
  readonly rewrite: readonly string[];
  readonly by: string;
}

interface Ended {
  readonly hop: number;
  readonly verdict: string;
  readonly frame: number;
  readonly side: string;
}

interface Line {
  readonly type: string;
  readonly hop: number;
  readonly time: string;
  readonly points: readonly Seen[];
  readonly crossed: readonly Crossed[];
  readonly ended: readonly Ended[];
  readonly inside: { readonly frames: readonly number[] };
  readonly outside: { readonly frames: readonly number[] };
  readonly latencyNs: number;
  readonly direction: string;
  readonly rewrite: readonly string[];
  readonly by: string;
  readonly accounts: readonly Record<"frames" | "inJourneys" | "notIp" | "undecodable", number>[];
  readonly clock: { readonly offsetNs: number; readonly uncertaintyNs: number; readonly contradicted: boolean };
}

const linesOf = ({ stdout }: Printed): Line[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line): Line => JSON.parse(line));

const of = (lines: readonly Line[], type: string): Line[] => lines.filter((line) => line.type === type);

/** The captures of a world, as files, and what became of its packets. */
function files(name: string, world: World): { paths: string[]; travelled: readonly Travelled[] } {
  const { captures, travelled } = walk(world);
  const paths = captures.map((bytes, point) => {
    const path = scratch(`${name}-${NAMES[point] ?? point}.pcap`);
    writeFileSync(path, bytes);
    return path;
  });
  return { paths, travelled };
}

/** The packets, by the frame at a point. */
function byFrame(travelled: readonly Travelled[], point: number): Map<number, number> {
  return new Map(
    travelled.flatMap(({ frames }, packet) => (frames[point] > 0 ? [[frames[point], packet] as const] : [])),
  );
}

/** Journeys whose frames are not one packet's. */
function wrong(lines: readonly Line[], travelled: readonly Travelled[], points: number): Line[] {
  const packets = Array.from({ length: points }, (_, point) => byFrame(travelled, point));
  return of(lines, "journey").filter(
    (line) =>
      new Set(line.points.flatMap(({ point, frames }) => frames.map((frame) => packets[point].get(frame)))).size !== 1,
  );
}

/** What hops call dropped although another link lost it, or none. */
function blamed(lines: readonly Line[], travelled: readonly Travelled[], points: number): Ended[] {
  const packets = Array.from({ length: points }, (_, point) => byFrame(travelled, point));
  return of(lines, "journey").flatMap(({ ended }) =>
    ended.filter(({ hop, side, frame, verdict }) => {
      const packet = packets[side === "inside" ? hop : hop + 1].get(frame);
      return verdict === "dropped" && (packet === undefined || travelled[packet].lostAt !== hop);
    }),
  );
}

const sumUp = ({ frames, inJourneys, notIp, undecodable }: Line["accounts"][number]): number =>
  frames - inJourneys - notIp - undecodable;

describe("a path over two NATs, with losses and clocks that differ", () => {
  // what one host stamps is of one clock
  const clocksNs = [0, 0, 0, 1_200_000_000, 1_200_000_000];
  let world: ReturnType<typeof files>;
  let printed: Printed;
  let lines: Line[];

  beforeAll(async () => {
    world = files("nats", { links: TWO_NATS, clocksNs, packets: 3000, seed: 7, everyNs: 1_500_000 });
    printed = await natcorr("path", "--format", "ndjson", ...world.paths);
    lines = linesOf(printed);
  });

  it("ends well, and the schema allows each line", () => {
    expect([printed.code, printed.stderr]).toEqual([0, ""]);
    expect(lines.filter((line) => !validate(line)).slice(0, 3)).toEqual([]);
  });

  it("makes no journey of two packets, and blames no hop that lost none", () => {
    expect(wrong(lines, world.travelled, NAMES.length)).toEqual([]);
    expect(blamed(lines, world.travelled, NAMES.length)).toEqual([]);
    const whole = of(lines, "journey").filter(({ points }) => points.length === NAMES.length);
    expect(whole.length).toBeGreaterThan(400);
    expect(
      of(lines, "journey")
        .flatMap(({ ended }) => ended)
        .filter(({ verdict }) => verdict === "dropped").length,
    ).toBeGreaterThan(50);
  });

  it("accounts for each frame of each point, and tells of journeys in order of time", () => {
    const [{ accounts }] = of(lines, "path");
    expect(accounts.map(sumUp)).toEqual(NAMES.map(() => 0));
    expect(accounts.map(({ frames }) => frames)).toEqual(
      NAMES.map((_, point) => world.travelled.filter(({ frames }) => frames[point] > 0).length),
    );
    const times = of(lines, "journey").map(({ time }) => time);
    expect(times).toEqual([...times].sort());
  });

  it("brings the clocks together, as far as it says", () => {
    const [{ clock }] = of(lines, "path");
    expect(clock.contradicted).toBe(false);
    expect(Math.abs(clock.offsetNs - 1_200_000_000)).toBeLessThan(1_000_000);
  });

  it("says no loss of the host's own packets, which never were at the container", () => {
    const own = byFrame(world.travelled, 2);
    const before = byFrame(world.travelled, 1);
    const bypassing = of(lines, "journey").filter(({ points: [first] }) => {
      const packet = own.get(first.frames[0]);
      return (
        first.point === 2 &&
        packet !== undefined &&
        world.travelled[packet].lostAt === undefined &&
        ![...before.values()].includes(packet)
      );
    });
    expect(bypassing.length).toBeGreaterThan(50);
    expect(
      bypassing.flatMap(({ ended }) => ended.filter(({ hop, verdict }) => hop < 2 && verdict === "dropped")),
    ).toEqual([]);
  });

  it("finds in each hop the pairs that file finds in these two captures", async () => {
    // between others there is no router, which file asks for
    for (const hop of [1, 3]) {
      const filed = linesOf(await natcorr("file", "--format", "ndjson", world.paths[hop], world.paths[hop + 1]));
      const pairs = of(filed, "pair").map(({ inside, outside, ...how }) => facts(inside.frames, outside.frames, how));
      const crossed = of(lines, "journey").flatMap((line) =>
        line.crossed
          .filter((each) => each.hop === hop)
          .map((each) => facts(framesAt(line, hop), framesAt(line, hop + 1), each)),
      );
      expect(pairs.length).toBeGreaterThan(1000);
      expect(crossed.sort()).toEqual(pairs.sort());
    }
  });

  it("comes to the same bytes each time", async () => {
    const again = await natcorr("path", "--format", "ndjson", ...world.paths);
    expect(again.stdout).toBe(printed.stdout);
  });
});

const framesAt = ({ points }: Line, at: number): readonly number[] =>
  points.filter(({ point }) => point === at).flatMap(({ frames }) => frames);

function facts(
  inside: readonly number[],
  outside: readonly number[],
  { direction, latencyNs, rewrite, by }: Pick<Line, "direction" | "latencyNs" | "rewrite" | "by">,
): string {
  return JSON.stringify([inside, outside, direction, latencyNs, rewrite, by]);
}

describe("text", () => {
  const quiet: readonly Link[] = TWO_NATS.map((link) => ({ ...link, loss: link.isRouter ? 0.2 : 0 }));

  it("is a line a packet and a column a point, and says where packets were lost", async () => {
    const { paths } = files("text", {
      links: quiet,
      clocksNs: [0, 0, 0, 0, 0],
      packets: 400,
      seed: 3,
      everyNs: 2_000_000,
    });
    const { code, stdout } = await builtNatcorr("path", "--width", "220", ...paths);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^time +total text-c1-eth0 → text-docker0 → text-enp0s3 → text-router-lan → text-router-wan {2}\(/,
    );
    expect(stdout).toMatch(
      /^\d\d:\d\d:\d\d\.\d{6} +\d+µs 172\.17\.0\.\d\.\d+ > 203\.0\.113\.\d\.443 +→ 0ns = +→ [\d.]+µs src 10\.0\.2\.15 +→ \d+µs = +→ [\d.]+µs src 198\.51\.100\.7 +\[P\.\] length \d+ {2}flow \d+ #\d+ #\d+ #\d+ #\d+ #\d+$/m,
    );
    // inwards, the first point that did not see it stands before the others
    expect(stdout).toMatch(
      /^\S+ +\d+µs – +✗ dropped, lost +203\.0\.113\.\S+ > 10\.0\.2\.15\S* +← \d+µs = +← [\d.]+µs dst 198\.51\.100\.7/m,
    );
    const [, lost = ""] = /^What never arrived, hop by hop\n([^]*?)\n\n/m.exec(stdout) ?? [];
    expect(lost.split("\n").map((line) => line.replaceAll(/\d+/g, "n").replace(/: n lost.*/, ": n lost"))).toEqual([
      "  text-cn-ethn → text-dockern: none",
      "  text-dockern → text-enpnsn: n lost",
      "  text-enpnsn → text-router-lan: none",
      "  text-router-lan → text-router-wan: n lost",
    ]);
    expect(stdout).toMatch(
      /^ {2}flow \d+ {2}tcp {2}text-c1-eth0 172\.\S+ > \S+ {2}→ text-enp0s3 src 10\.0\.2\.15\S* {2}→ text-router-wan src 198\.51\.100\.7/m,
    );
    // why packets cannot be told apart stands in the sections of the hops alone
    const [packets, sections] = stdout.split("What never arrived, hop by hop");
    expect(packets).toContain("? ambiguous");
    expect([packets, sections].map((text) => text.includes("one candidate"))).toEqual([false, true]);
    expect(stdout.match(/^text-\S+ +\d+ {2}= +\d+ +\+ 0 +\+ 0$/gm)).toHaveLength(5);
  });

  it("selects by words, and can fail on them", async () => {
    const { paths } = files("words", {
      links: quiet,
      clocksNs: [0, 0, 0, 0, 0],
      packets: 400,
      seed: 3,
      everyNs: 2_000_000,
    });
    const { stdout } = await natcorr("path", "--only", "lost", "--format", "ndjson", ...paths);
    const journeys = stdout.split("\n").filter((line) => line.includes('"type":"journey"'));
    expect(journeys.length).toBeGreaterThan(10);
    expect(journeys.filter((line) => !line.includes('"impact":"lost"'))).toEqual([]);
    const { code, stderr } = await natcorr("path", "-q", "--fail-on", "lost", ...paths);
    expect([code, /failed on lost/.test(stderr)]).toEqual([3, true]);
    expect((await natcorr("path", "-q", ...paths)).stdout).not.toMatch(/^\d\d:/m);
  });
});

describe("two points", () => {
  it.each(["article", "mixed", "hairpin", "fragments", "tso-off-drops", "two-bridges"])(
    "are one hop: fixtures/%s has the pairs, the flows and the findings that file has",
    async (name) => {
      const folder = join(FIXTURES, name);
      const words = ["inside", "outside"].map((side) =>
        execFileSync("sh", ["-c", `ls ${folder}/${side}*.pcap`], { encoding: "utf8" })
          .trim()
          .split("\n")
          .join(","),
      );
      const [path, file] = [
        await natcorr("path", "--format", "ndjson", ...words),
        await natcorr("file", "--format", "ndjson", ...words),
      ].map(linesOf);
      const crossed = of(path, "journey").flatMap((line) => line.crossed);
      expect(crossed.map((each) => facts([], [], each)).sort()).toEqual(
        of(file, "pair")
          .map((line) => facts([], [], line))
          .sort(),
      );
      for (const type of ["flow", "finding", "summary"])
        expect(of(path, type).map(({ hop, ...line }) => [hop, line])).toEqual(of(file, type).map((line) => [0, line]));
      expect(of(path, "path")[0].accounts.map(sumUp)).toEqual([0, 0]);
      expect(path.filter((line) => !validate(line))).toEqual([]);
    },
  );
});

describe("wrong usage", () => {
  const [inside, outside] = ["inside", "outside"].map((side) => join(FIXTURES, "mixed", `${side}.pcap`));

  it.each([
    [[inside], "missing required argument 'next'"],
    [[inside, outside, inside], `'${inside}' is given as two points`],
    [[inside, "-", outside], "'-' can be the first point or the last one only"],
    [["--clock-offset", "1s,2s", inside, outside], "--clock-offset has 2 durations for 1 hops"],
    [["--clock-offset", "soon", inside, outside], "a duration a hop"],
    [["-c", "1", inside, outside], "unknown option '-c'"],
  ])("%j is refused", async (words, why) => {
    const { code, stdout, stderr } = await natcorr("path", ...words);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(why);
  });

  it("a capture that cannot be read ends it, and says which", async () => {
    await expect(natcorr("path", inside, scratch("none.pcap"), outside)).rejects.toThrow("none.pcap");
  });

  it("what is cut off is said once, though both hops read it", async () => {
    const { paths } = files("cut", {
      links: TWO_NATS.slice(1),
      clocksNs: [0, 0, 0, 0],
      packets: 200,
      seed: 1,
      everyNs: 1e6,
    });
    const { captures } = walk({
      links: TWO_NATS.slice(1),
      clocksNs: [0, 0, 0, 0],
      packets: 200,
      seed: 1,
      everyNs: 1e6,
    });
    writeFileSync(paths[1], captures[1].subarray(0, -7));
    const { code, stderr } = await natcorr("path", "-q", ...paths);
    expect(code).toBe(1);
    expect(stderr.match(/cut|truncated|end/gi)?.length).toBeGreaterThan(0);
    expect(new Set(stderr.trimEnd().split("\n")).size).toBe(stderr.trimEnd().split("\n").length);
  });
});
