import { type Command, InvalidArgumentError, Option } from "commander";
import { addExplainOptions, type ExplainOptions } from "./explain-options.js";
import { addHostOptions, type HostOptions } from "./host-options.js";
import { addReportOptions, fileToWrite, durationNs, positiveInteger, type ReportOptions } from "./report-options.js";
import { MOST_SNAPLEN } from "../../protocols/link-types.js";
import { type ServeAddress, serveAddress } from "../../serving/serve-address.js";
import { addSelectOptions, type SelectOptions } from "./select-options.js";

/** What pcap_set_buffer_size takes, an int of bytes. */
const MOST_BUFFER_KIB = Math.floor((2 ** 31 - 1) / 1024);
/**
 * 32 MiB: a tenth of a second at 300,000 small packets a second. tcpdump's 2 MiB are full within 3 ms of a flood. These are 128 blocks
 * (tp_block_size in libpcap's pcap-linux.c), of which packets use up one in 10 ms however few they are: a second's pause is survived.
 */
const BUFFER_KIB = 32_768;
/** What a timer of Node can wait for, milliseconds. */
const MOST_DURATION_MS = 2 ** 31 - 1;

/** Options of `natcorr live`, as commander gives them. */
export interface LiveCommandOptions extends ReportOptions, SelectOptions, ExplainOptions, HostOptions {
  insideFilter?: string;
  outsideFilter?: string;
  snaplen: number;
  /** KiB, as tcpdump counts. */
  bufferSize: number;
  promiscuous: boolean;
  /** Milliseconds. */
  duration?: number;
  write?: string;
  serve?: ServeAddress;
  relinquishPrivileges?: string;
  engine: "libpcap" | "cap";
}

export function addLiveOptions(command: Command): Command {
  const usual = "live, of which names alone are gone by";
  return addExplainOptions(addHostOptions(addReportOptions(addSelectOptions(command), "none"), usual))
    .option("--inside-filter <filter>", "pcap filter: what the kernel is to keep of the inside interface")
    .option("--outside-filter <filter>", "the same of the outside interface")
    .addOption(
      new Option("-s, --snaplen <bytes>", "bytes kept of a frame; 0 for all").argParser(snaplen).default(0, "all"),
    )
    .addOption(
      new Option(
        "-B, --buffer-size <KiB>",
        "the kernel's buffer of each interface: 256 KiB of it are used up each 10 ms in which packets come, however few or short",
      )
        .argParser(bufferKib)
        .default(BUFFER_KIB, "32768, which is 32 MiB"),
    )
    .option("-p, --no-promiscuous", "do not ask for frames to other hosts")
    .option("--duration <duration>", "stop after this time", durationMs)
    .option(
      "-w, --write <file>",
      "write all frames to one pcapng file, and what the host says; frames are then numbered as in it",
      fileToWrite,
    )
    .option(
      "--serve <[address:]port>",
      "serve the page of --html while it runs, on loopback unless an address is given; only who has the page's address sees it, which stderr says",
      serveAddress,
    )
    .option(
      "-Z, --relinquish-privileges <user>",
      "become this user once the interfaces are open; with the host followed, a process that runs iptables-save, nft, ipset and conntrack alone stays root",
    )
    .addOption(
      new Option("--engine <engine>", "what captures; cap is for where koffi does not run")
        .choices(["libpcap", "cap"])
        .default("libpcap"),
    );
}

function snaplen(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > MOST_SNAPLEN) {
    throw new InvalidArgumentError(`It must be a whole number up to ${MOST_SNAPLEN}.`);
  }
  return Number(text);
}

function bufferKib(text: string): number {
  const kib = positiveInteger(text);
  if (kib > MOST_BUFFER_KIB) throw new InvalidArgumentError(`It must be ${MOST_BUFFER_KIB} KiB at the most.`);
  return kib;
}

function durationMs(text: string): number {
  const ms = Number(durationNs(text)) / 1e6;
  if (ms < 1 || ms > MOST_DURATION_MS) throw new InvalidArgumentError("It must be between 1ms and 24 days.");
  return ms;
}
