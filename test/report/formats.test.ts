import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INSIDE } from "../../src/packets/sides.js";
import { EpochText, epochText } from "../../src/packets/results/epoch.js";
import { icmpMessage } from "../../src/report/text/icmp-wording.js";
import { latencyText } from "../../src/report/text/latency.js";
import { LocalTimes } from "../../src/report/text/local-time.js";
import { printable } from "../../src/packets/printable.js";
import { ICMP } from "../../src/protocols/ip-protocols.js";
import { table } from "../../src/report/text/table.js";
import { tcpFlagsText } from "../../src/report/tcp-flags.js";
import { shortWording, wording } from "../../src/report/text/wording.js";
import { HandFilled, type Packet } from "./tables.js";

const DAYS_104_NS = 104 * 86_400 * 1e9;
const epochs = fc.bigInt({ min: 1_000_000_000_000_000_000n, max: 2_000_000_000_000_000_000n });

describe("epoch seconds", () => {
  it("are exact for every stamp of a run of 104 days", () => {
    fc.assert(
      fc.property(epochs, fc.integer({ min: -1_000_000_000_000, max: DAYS_104_NS }), (epochNs, stampNs) => {
        expect(new EpochText(epochNs).of(stampNs)).toBe(epochText(epochNs + BigInt(stampNs)));
      }),
    );
  });

  it("are exact around whole seconds, where a division rounds", () => {
    for (const second of [1, 86_400, 8_985_599]) {
      for (const around of [-1, 0, 1]) {
        const stampNs = second * 1e9 + around;
        expect(new EpochText(0n).of(stampNs)).toBe(epochText(BigInt(stampNs)));
      }
    }
  });
});

describe("local time", () => {
  it("is the time of day of a zone, with microseconds cut and not rounded", () => {
    const times = new LocalTimes(1_700_687_463_000_000_999n, () => -5.5 * 3600, 6);
    expect(times.of(0)).toBe("15:41:03.000000");
    expect(times.of(1)).toBe("15:41:03.000001");
    expect(new LocalTimes(0n, () => -1, 9).of(0)).toBe("23:59:59.000000000");
  });

  it("follows the zone over a change of its offset", () => {
    // Europe/Berlin, 2023-10-29: 03:00 summer time is 02:00 winter time, at 01:00 UTC
    const change = 1_698_541_200;
    const times = new LocalTimes(BigInt(change) * 1_000_000_000n, (at) => (at < change ? 7200 : 3600), 9);
    expect(times.of(-1)).toBe("02:59:59.999999999");
    expect(times.of(0)).toBe("02:00:00.000000000");
  });
});

describe("latencies", () => {
  it.each([
    [0, "0ns"],
    [870, "870ns"],
    [999, "999ns"],
    [1000, "1.00µs"],
    [-1234, "-1.23µs"],
    [9_996, "10.0µs"],
    [29_000, "29.0µs"],
    [123_456, "123µs"],
    [999_499, "999µs"],
    [999_500, "1.00ms"],
    [1_200_000_000, "1.20s"],
    [3_600_000_000_000, "3600s"],
  ])("%i ns is %s", (ns, text) => expect(latencyText(ns)).toBe(text));

  it("take seven columns at the most below 1000 s", () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_000_000_000, max: 999_000_000_000 }), (ns) => {
        expect(latencyText(ns).length).toBeLessThanOrEqual(7);
      }),
    );
  });
});

it("printable text holds no control character and leaves the rest alone", () => {
  expect(printable("eth0 – Büro 東京")).toBe("eth0 – Büro 東京");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(printable(text))));
});

it("TCP flags are tcpdump's letters", () => {
  expect([0, 0x02, 0x12, 0x18, 0x11, 0x14, 0xff].map(tcpFlagsText)).toEqual([
    "none",
    "S",
    "S.",
    "P.",
    "F.",
    "R.",
    "FSRP.UEW",
  ]);
});

it("tables are as wide as their cells show, whatever colours are in them", () => {
  const columns = [
    { heading: "a", align: "left" },
    { heading: "count", align: "right" },
    { heading: "", align: "left" },
  ] as const;
  expect(table(columns, [["\u001B[1mxyz\u001B[22m", "1", ""], ["x"]])).toBe(
    "a    count\n\u001B[1mxyz\u001B[22m      1\nx\n",
  );
});

describe("wording", () => {
  const quoted = {
    proto: "udp",
    src: "172.17.0.2",
    srcPort: 4000,
    dst: "1.2.3.4",
    dstPort: 53,
    ipId: 1,
    length: 60,
  } as const;

  it("names ICMP errors as tcpdump does, with the packet they are about", () => {
    const tables = new HandFilled();
    const row = tables.add({
      side: INSIDE,
      proto: ICMP,
      src: "9.9.9.9",
      dst: "172.17.0.2",
      seq: (3 << 24) | (3 << 16),
      payloadLength: 28,
      quoted,
    });
    expect(wording(tables, row)).toBe(
      "ICMP 1.2.3.4 udp port 53 unreachable for udp 172.17.0.2.4000 > 1.2.3.4.53, length 36",
    );
    expect(shortWording(tables, row)).toBe("1.2.3.4 udp port 53 unreachable for udp 172.17.0.2.4000 > 1.2.3.4.53");
  });

  it("has a word for every type and code", () => {
    expect(icmpMessage(false, 3, 4, quoted)).toBe("1.2.3.4 unreachable - need to frag");
    expect(icmpMessage(false, 3, 3, undefined)).toBe("destination port unreachable");
    expect(icmpMessage(false, 3, 77, quoted)).toBe("1.2.3.4 unreachable - #77");
    expect(icmpMessage(false, 11, 0, quoted)).toBe("time exceeded in-transit");
    expect(icmpMessage(false, 200, 0, undefined)).toBe("type-#200");
    expect(icmpMessage(true, 1, 4, quoted)).toBe("unreachable port 1.2.3.4 udp port 53");
    expect(icmpMessage(true, 2, 0, quoted)).toBe("packet too big");
    expect(icmpMessage(true, 135, 0, undefined)).toBe("neighbor solicitation");
  });

  it("marks a transport header that was cut off, and a protocol it does not know", () => {
    const tables = new HandFilled();
    const ends: Omit<Packet, "proto"> = { side: INSIDE, src: "1.1.1.1", dst: "2.2.2.2", payloadLength: 20 };
    const cut = tables.add({ ...ends, proto: 6, isHeadless: true });
    const gre = tables.add({ ...ends, proto: 47 });
    expect([wording(tables, cut), shortWording(tables, cut)]).toEqual(["[|tcp], length 20", "[|tcp]"]);
    expect([wording(tables, gre), shortWording(tables, gre)]).toEqual([
      "ip-proto-47, length 20",
      "ip-proto-47 length 20",
    ]);
  });
});
