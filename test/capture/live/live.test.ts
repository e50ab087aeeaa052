import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { listInterfaces, type LiveOptions, type LiveSource, openInterface } from "../../../src/capture/live/open.js";
import { BATCH_FRAMES } from "../../../src/packets/batches/frames.js";
import { isSkipped, tools } from "../../support/needs.js";
import { readPath } from "../files.js";
import { scratch } from "../../support/scratch.js";
import { NUMBER_AT, Veth, enterNewNamespace, ip, skips } from "./veth.js";

interface Given {
  readonly frame: number;
  /** The number it was sent with. */
  readonly sent: number;
  readonly ns: bigint;
  readonly timeNs: number;
  readonly data: string;
  readonly original: number;
}

const lacksTcpdump = isSkipped("what tcpdump captures beside it", tools(["tcpdump"]));

let veth: Veth;
/** Stands for the name of its interface. */
const FAR = "its name";
let pairs = 0;
let warnings: string[];
const open: LiveSource[] = [];

function opened(options: Partial<LiveOptions> = {}, name = veth.far): Promise<LiveSource> {
  const defaults = { snaplen: 0, bufferBytes: 8 << 20, isPromiscuous: false, filter: "" };
  return openInterface(name, { ...defaults, onWarning: (text) => warnings.push(text), ...options }).then((source) => {
    open.push(source);
    return source;
  });
}

/** What `next` gives until it has given `most` frames or ends. `onBatch` sees what the source has announced before each batch. */
async function given(source: LiveSource, most = Number.POSITIVE_INFINITY, onFrame?: (timeNs: number) => void) {
  const frames: Given[] = [];
  while (frames.length < most) {
    const batch = await source.next();
    if (batch === null) break;
    for (let row = 0; row < batch.count; row++) {
      const data = Buffer.from(batch.data.subarray(batch.start[row], batch.start[row] + batch.captured[row]));
      onFrame?.(batch.timeNs[row]);
      frames.push({
        frame: batch.frame[row],
        sent: data.length >= NUMBER_AT + 4 ? data.readUInt32BE(NUMBER_AT) : -1,
        ns: source.epochNs + BigInt(batch.timeNs[row]),
        timeNs: batch.timeNs[row],
        data: data.toString("hex"),
        original: batch.original[row],
      });
    }
  }
  return frames;
}

const upTo = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i);

describe.skipIf(skips)("an interface", () => {
  beforeAll(() => enterNewNamespace());
  beforeEach(() => {
    warnings = [];
    veth = new Veth(`nc${pairs++}`);
  });
  afterEach(async () => {
    for (const source of open.splice(0)) await source.close();
    veth.remove();
  });

  test("gives every frame once, in order, numbered from 1", async () => {
    const source = await opened();
    veth.send(3000);
    const frames = await given(source, 3000);
    expect(frames.map(({ sent }) => sent)).toEqual(upTo(3000));
    expect(frames.map(({ frame }) => frame)).toEqual(upTo(3000, 1));
    expect(source.statistics()).toEqual({ received: 3000, dropped: 0, droppedByInterface: 0 });
    expect(source).toMatchObject({ name: veth.far, captureDropped: 0 });
    expect(source.interfaces).toEqual([{ name: veth.far, linkType: 1, snaplen: 262_144 }]);
    expect(warnings).toEqual([]);
  });

  test("gives more frames than a batch or its memory holds at once", async () => {
    const source = await opened({ bufferBytes: 64 << 20 });
    veth.send(BATCH_FRAMES * 3, 1514);
    const frames = await given(source, BATCH_FRAMES * 3);
    expect(frames.map(({ sent }) => sent)).toEqual(upTo(BATCH_FRAMES * 3));
  });

  test("stamps frames with the kernel's nanoseconds, in ascending order and between sending and now", async () => {
    const source = await opened();
    const beforeNs = BigInt(Date.now()) * 1_000_000n;
    veth.send(500);
    const afterNs = BigInt(Date.now() + 1) * 1_000_000n;
    const stamps = (await given(source, 500)).map(({ ns }) => ns);
    expect(stamps).toEqual([...stamps].sort((a, b) => Number(a - b)));
    expect(stamps[0]).toBeGreaterThanOrEqual(beforeNs);
    expect(stamps[499]).toBeLessThanOrEqual(afterNs);
    expect(stamps.some((ns) => ns % 1000n !== 0n)).toBe(true);
  });

  test("keeps snaplen bytes of a frame and tells how long it was", async () => {
    const source = await opened({ snaplen: 60 });
    veth.send(20, 1000);
    const frames = await given(source, 20);
    expect(frames.map(({ data }) => data.length / 2)).toEqual(upTo(20).fill(60));
    expect(frames.map(({ original }) => original)).toEqual(upTo(20).fill(1000));
    expect(source.interfaces[0].snaplen).toBe(60);
  });

  test("gives what passes the filter only", async () => {
    const source = await opened({ filter: `ether[${NUMBER_AT + 3}:1] = 7` });
    veth.send(600);
    const frames = await given(source, 3);
    source.stop();
    frames.push(...(await given(source)));
    expect(frames.map(({ sent }) => sent)).toEqual([7, 263, 519]);
    expect(source.statistics().received).toBe(3);
  });

  test.skipIf(lacksTcpdump)("agrees with tcpdump about every byte and every nanosecond", async () => {
    const path = scratch("tcpdump.pcap");
    const args = ["-i", veth.far, "-w", path, "-c", "700", "--time-stamp-precision=nano", "-Z", "root"];
    const tcpdump = spawn("tcpdump", args, { stdio: ["ignore", "ignore", "pipe"] });
    const ended = once(tcpdump, "exit");
    await once(tcpdump.stderr, "data");
    const source = await opened();
    for (let burst = 0; burst < 7; burst++) {
      veth.send(100, 60 + burst * 200);
      await sleep(3);
    }
    const frames = await given(source, 700);
    await ended;
    const theirs = (await readPath(path)).frames;
    expect(frames.map(({ frame, ns, data, original }) => ({ frame, ns, data, original, iface: 0 }))).toEqual(theirs);
  });

  test("counts what a full ring drops while nobody reads", async () => {
    const source = await opened({ snaplen: 128, bufferBytes: 1 << 16 });
    veth.send(20_000);
    while ((source.statistics().received ?? 0) < 20_000) await sleep(1);
    source.stop();
    const frames = await given(source);
    const { received = 0, dropped = 0 } = source.statistics();
    expect(received).toBe(20_000);
    expect(dropped).toBeGreaterThan(10_000);
    expect(frames.length).toBe(received - dropped);
    expect(source.captureDropped).toBe(dropped);
  });

  test("has given every frame stamped before the time it says it has reached", async () => {
    const source = await opened();
    let sends = 0;
    const timer = setInterval(() => {
      if (sends++ % 3 > 0) return;
      if (sends > 150) source.stop();
      else veth.send(1 + (sends % 4));
    }, 3);
    const late: number[] = [];
    const silent: number[] = [];
    let reachedNs = Number.NEGATIVE_INFINITY;
    for (let batch = await source.next(); batch; batch = await source.next()) {
      late.push(...batch.timeNs.subarray(0, batch.count).filter((timeNs) => timeNs < reachedNs));
      if (batch.count === 0) silent.push(batch.reachedNs - reachedNs);
      reachedNs = batch.reachedNs;
    }
    clearInterval(timer);
    expect(late).toEqual([]);
    expect(silent.every((step) => step >= 0)).toBe(true);
  });

  test("gives what a pause has piled up in stretches of time, so that two interfaces can be read in turn", async () => {
    const source = await opened();
    for (let burst = 0; burst < 4; burst++) {
      veth.send(10);
      await sleep(120);
    }
    source.stop();
    const spansNs: number[] = [];
    const firsts: number[] = [];
    let reachedNs = Number.NEGATIVE_INFINITY;
    for (let batch = await source.next(); batch; batch = await source.next()) {
      if (batch.count === 0) continue;
      spansNs.push(batch.timeNs[batch.count - 1] - batch.timeNs[0]);
      firsts.push(batch.frame[0]);
      expect(batch.timeNs[0]).toBeGreaterThanOrEqual(reachedNs);
      reachedNs = batch.reachedNs;
    }
    expect(firsts.length).toBeGreaterThanOrEqual(4);
    expect(firsts[0]).toBe(1);
    expect(Math.max(...spansNs)).toBeLessThanOrEqual(100_000_000);
    expect(source.statistics().received).toBe(40);
  });

  test("moves on in silence, behind the clock", async () => {
    const source = await opened();
    const reached: number[] = [];
    while (reached.length < 10) {
      const batch = (await source.next())!;
      expect(batch.count).toBe(0);
      reached.push(batch.reachedNs);
      expect(source.epochNs + BigInt(batch.reachedNs)).toBeLessThan(BigInt(Date.now()) * 1_000_000n);
    }
    expect(reached).toEqual([...reached].sort((a, b) => a - b));
    expect(reached[9]).toBeGreaterThan(reached[0]);
  });

  test("stopped, gives what was captured by then and nothing after", async () => {
    const source = await opened();
    veth.send(50);
    // Stamps are cut at the millisecond the clock of JavaScript shows.
    await sleep(5);
    source.stop();
    await sleep(5);
    veth.send(50);
    expect((await given(source)).map(({ sent }) => sent)).toEqual(upTo(50));
    expect(await source.next()).toBeNull();
  });

  test("lets the event loop turn between batches, however many frames wait", async () => {
    const source = await opened({ bufferBytes: 64 << 20 });
    veth.send(BATCH_FRAMES * 4);
    while ((source.statistics().received ?? 0) < BATCH_FRAMES * 4) await sleep(1);
    let turns = 0;
    let next = setImmediate(function turn() {
      turns++;
      next = setImmediate(turn);
    });
    for (let batches = 1, frames = 0; frames < BATCH_FRAMES * 4; batches++) {
      frames += (await source.next())!.count;
      expect(turns).toBeGreaterThanOrEqual(batches);
    }
    clearImmediate(next);
  });

  test("ends in the midst of a flood", async () => {
    const source = await opened({ bufferBytes: 64 << 20 });
    let ticks = 0;
    veth.send(2000);
    const timer = setInterval(() => {
      veth.send(2000);
      if (++ticks === 10) source.stop();
    }, 1);
    const frames = await given(source);
    clearInterval(timer);
    expect(frames.map(({ sent }) => sent)).toEqual(upTo(frames.length));
    expect(frames.length).toBeGreaterThanOrEqual(10 * 2000);
  });

  test.each([
    ["removed", []],
    [
      "removed, and another one has its name",
      [
        ["link", "add", FAR, "type", "bridge"],
        ["link", "set", FAR, "up"],
      ],
    ],
  ])("that is %s ends and says why, after the frames before", async (_, next) => {
    const source = await opened();
    veth.send(100);
    ip("link", "del", veth.far);
    for (const args of next) ip(...args.map((word) => (word === FAR ? veth.far : word)));
    expect((await given(source)).map(({ sent }) => sent)).toEqual(upTo(100));
    if (next.length > 0) ip("link", "del", veth.far);
    expect(source.failure).toMatch(/disappeared|no longer|gone|not up/);
    expect(source.statistics().received).toBe(100);
  });

  test("that is down for a while goes on, and says so", async () => {
    const source = await opened();
    veth.send(10);
    ip("link", "set", veth.far, "down");
    while (warnings.length === 0) await source.next();
    ip("link", "set", veth.far, "up");
    while (warnings.length === 1) await source.next();
    veth.send(10);
    source.stop();
    await given(source);
    expect(warnings.map((text) => text.replace(veth.far, "it"))).toEqual([
      "it: the interface is down: no packet passes until it is up again",
      "it: the interface is up again",
    ]);
    expect(source.statistics().received).toBeGreaterThanOrEqual(20);
  });

  test("can be closed while it waits, and again", async () => {
    const source = await opened();
    const waiting = source.next();
    await source.close();
    expect(await waiting).toBeNull();
    await source.close();
    source.stop();
    expect(await source.next()).toBeNull();
    expect(source.statistics().received).toBe(0);
  });

  test("that does not exist is refused with those that do", async () => {
    await expect(opened({}, "enp77s0")).rejects.toThrow(
      new RegExp(`^enp77s0: there is no such interface; there are .*${veth.far}`),
    );
  });

  test("that is down is refused with the command that brings it up", async () => {
    ip("link", "set", veth.far, "down");
    await expect(opened()).rejects.toThrow(`${veth.far}: the interface is down; ip link set ${veth.far} up`);
  });

  test("refuses a filter that is none with libpcap's reason", async () => {
    await expect(opened({ filter: "tcp prot 80" })).rejects.toThrow(/^filter 'tcp prot 80': .*syntax error/);
  });

  test("without the permission is refused with the ways to get it", async () => {
    process.seteuid?.(65_534);
    try {
      const advice = ["root", "setcap cap_net_raw", "setpriv", "--cap-add NET_RAW"].map((each) =>
        expect.stringContaining(each),
      );
      await expect(opened()).rejects.toMatchObject({
        message: expect.stringMatching(/no permission to capture$/),
        advice,
      });
    } finally {
      process.seteuid?.(0);
    }
  });

  test("is listed with its addresses", async () => {
    ip("addr", "add", "10.9.8.7/24", "dev", veth.near);
    ip("addr", "add", "2001:db8::1:0:0:7/64", "dev", veth.near);
    ip("link", "set", veth.far, "down");
    const all = await listInterfaces();
    expect(all.map(({ name }) => name).sort()).toEqual(["lo", veth.far, veth.near]);
    expect(all).toContainEqual({
      name: veth.near,
      description: "",
      addresses: ["10.9.8.7", "2001:db8::1:0:0:7"],
      isUp: true,
      isLoopback: false,
    });
    expect(all).toContainEqual(expect.objectContaining({ name: veth.far, addresses: [], isUp: false }));
    expect(all).toContainEqual(expect.objectContaining({ name: "lo", isLoopback: true, isUp: false }));
  });
});
