import { describe, expect, it } from "vitest";
import { natcorr } from "../support/natcorr.js";

// What it does with packets is tested in test/live, which takes root.
describe("natcorr live", () => {
  it.each([
    [["lo"], "missing required argument 'outside'"],
    [["lo", "lo"], "two interfaces"],
    [["docker0", "any"], "name the uplink"],
    [["any", "enp0s3"], "tcpdump -i any -w any.pcap"],
    [["docker0", "enp0s3", "-w", "-"], "It must be a file: standard output is for the report"],
    [["docker0", "enp0s3", "-s", "262145"], "whole number up to 262144"],
    [["docker0", "enp0s3", "-s", "-1"], "whole number up to 262144"],
    [["docker0", "enp0s3", "-B", "0"], "whole number from 1 up"],
    [["docker0", "enp0s3", "-B", "2097152"], "2097151 KiB at the most"],
    [["docker0", "enp0s3", "--duration", "0"], "between 1ms and 24 days"],
    [["docker0", "enp0s3", "--duration", "25h30"], "must be a duration"],
    [["docker0", "enp0s3", "--duration", "600h"], "between 1ms and 24 days"],
    [["docker0", "enp0s3", "--engine", "dpdk"], "Allowed choices are libpcap, cap"],
    [["docker0", "enp0s3", "--snaplan", "64"], "Did you mean --snaplen?"],
  ])("%j is wrong: exit 2, and why", async (args, why) => {
    const { code, stdout, stderr } = await natcorr("live", ...args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^natcorr: /);
    expect(stderr).toContain(why);
    expect(stderr).toContain("natcorr live --help");
  });
});
