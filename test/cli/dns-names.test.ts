import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ASKED, addressRecord, dnsMessage, dnsName } from "../support/dns.js";
import { natcorr } from "../support/natcorr.js";
import { ethernet, ipv4, udp } from "../support/packets.js";
import { pcap, type PcapFrame } from "../support/pcap.js";

const [INSIDE, OUTSIDE] = ["inside", "outside"].map((side) =>
  join(import.meta.dirname, `../../fixtures/ping-name/${side}.pcap`),
);

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "natcorr-dns-"))));
afterAll(() => rmSync(folder, { recursive: true }));

it("text names what the capture's own DNS answers named, and says at the end what names stand for", async () => {
  const { stdout } = await natcorr("file", INSIDE, OUTSIDE, "--width", "120");
  expect(stdout.match(/ 172\.17\.0\.5 > www\.baidu\.com id 1 /g)).toHaveLength(5);
  expect(stdout).toMatch(/172\.17\.0\.5\.45925 > 10\.0\.2\.2\.53 /);
  expect(stdout).toMatch(/\nnames by DNS answers: www\.baidu\.com 180\.101\.49\.11\n$/);
});

function frame(ms: number, src: string, dst: string, ports: object, id: number, payload: Uint8Array): PcapFrame {
  return {
    timeNs: BigInt(ms) * 1_000_000n,
    frame: ethernet(ipv4({ src, dst, id }, udp({ ...ports, payload }))),
  };
}

/** Captures of a container that is told a name, and then sends a datagram there, which is dropped: 2 s, that it is known to be. */
function capturesOf(name: Uint8Array): string[] {
  const [container, host, resolver, server] = ["172.17.0.2", "10.0.2.15", "9.9.9.9", "198.51.100.7"];
  const answer = dnsMessage(name, { records: [addressRecord(ASKED, server)] });
  const [there, back] = [
    { srcPort: 4000, dstPort: 53 },
    { srcPort: 53, dstPort: 4000 },
  ];
  const question = dnsMessage(name);
  const beats = Array.from({ length: 60 }, (_, n) => n);
  const beat = (src: string) => beats.map((n) => frame(100 + 50 * n, src, resolver, there, 100 + n, question));
  const inside = [
    frame(1, container, resolver, there, 1, question),
    frame(10, resolver, container, back, 2, answer),
    ...beat(container),
    frame(1020, container, server, { srcPort: 5000, dstPort: 443 }, 3, new Uint8Array(20)),
  ];
  const outside = [
    frame(1, host, resolver, there, 1, question),
    frame(10, resolver, host, back, 2, answer),
    ...beat(host),
  ];
  return [inside, outside].map((frames, at) => {
    const path = join(folder, `${at}.pcap`);
    writeFileSync(path, pcap(frames.toSorted((one, other) => Number(one.timeNs - other.timeNs))));
    return path;
  });
}

it("packets without a twin, and problems, have the names", async () => {
  const captures = capturesOf(dnsName("api", "example"));
  const { stdout } = await natcorr("file", ...captures, "--width", "160");
  expect(stdout.match(/172\.17\.0\.2\.5000 > api\.example\.443/g)).toHaveLength(2);
  const { stdout: ndjson } = await natcorr("file", ...captures, "--format", "ndjson", "--only", "dropped");
  expect(ndjson).toContain('"dst":"198.51.100.7","dstPort":443,"dstName":"api.example","length":48');
});

it("an address that the host says is its own has no name by an answer", async () => {
  const captures = capturesOf(dnsName("api", "example"));
  const host = join(folder, "host.json");
  const interfaces = [{ ifname: "eth0", addr_info: [{ local: "198.51.100.7" }] }];
  writeFileSync(host, JSON.stringify({ format: "natcorr-snapshot", version: 1, time: "1.000000000", interfaces }));
  for (const format of ["text", "ndjson"]) {
    const { stdout } = await natcorr("file", ...captures, "--host", host, "--format", format);
    expect(stdout).toContain("198.51.100.7");
    expect(stdout).not.toContain("api.example");
  }
});

it("what a name has in it that may act on a terminal stands in NDJSON alone, escaped", async () => {
  const captures = capturesOf(dnsName("\u001b[31mred", "a.b", "<b>", "\u009b", "example"));
  const [text, ndjson] = [await natcorr("file", ...captures), await natcorr("file", ...captures, "--format", "ndjson")];
  expect(text.stdout).toContain(" > 198.51.100.7.443");
  expect(ndjson.stdout).toContain(String.raw`"dstName":"\\027[31mred.a\\.b.<b>.\\155.example"`);
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(text.stdout + ndjson.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u);
});

it("a resolver that fails is found in a container's packets, and not in what -c ends: what was read ahead of that is chance", async () => {
  const captures = ["inside", "outside"].map((side) =>
    join(import.meta.dirname, `../../fixtures/dns-failing/${side}.pcap`),
  );
  const failing = ["file", ...captures, "-q", "--fail-on", "dns-failing"];
  const of = await natcorr(...failing, "--flow", "2");
  expect([of.code, of.stderr]).toEqual([3, expect.stringContaining("failed on dns-failing (2)")]);
  for (const options of [
    ["--flow", "3"],
    ["-c", "6"],
  ])
    expect((await natcorr(...failing, ...options)).code).toBe(0);
});
