import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { CaptureError } from "../capture/errors.js";
import type { ConntrackEvent, ConntrackHeard, ConntrackTable } from "../host/conntrack-table.js";
import { failureText, MOST_MS } from "./tools.js";
import { epochNs } from "../capture/live/now.js";
import type { ConntrackKeeper } from "./keep-conntrack.js";
import { linesOf } from "./lines.js";

/** Room for events that were not read yet: the usual 212,992 bytes are full after some hundred. */
const EVENT_BYTES = 8 << 20;

/**
 * Tells of conntrack's events on standard output, and lists all entries on descriptor 3 for each line it reads, until its input ends: that it does
 * however natcorr ends. Another user's process, as natcorr is with -Z, could not end conntrack, nor start it again; of this one it can ask nothing else.
 * Updates are left out: an entry's translation does not change.
 */
const SCRIPT = `
newline='
'
conntrack -E -e NEW,DESTROY -o timestamp,id -b ${EVENT_BYTES} </dev/null 3>&- &
exec >/dev/null
while read -r _; do
  for family in ipv4 ipv6; do
    said=$(conntrack -L -f $family 2>&1 >&3) || echo "failed \${said%%"$newline"*}" >&3
  done
  echo listed >&3
done
kill $!
`;

/** What it says behind each listing, and where a part of it failed. */
const LISTED = "listed";
const FAILED = "failed ";
/**
 * How long the next question waits, milliseconds: at first, and at the most. It doubles with each, as a table of 100,000 entries takes a second of a
 * processor's time, and asking a busy machine again and again would lose more events than it finds.
 */
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Reads the host's conntrack table, and its events from then on. `keeper`: who keeps all that is heard, if anybody.
 *
 * @throws CaptureError where conntrack is not there, or not permitted.
 */
export async function followConntrack(table: ConntrackTable, keeper?: ConntrackKeeper): Promise<ConntrackFollower> {
  const follower = new ConntrackFollower(table, keeper);
  await follower.list();
  if (follower.failure === "") return follower;
  follower.stop();
  throw new CaptureError(`conntrack cannot be read (${follower.failure}): as root, with 'apt install conntrack'`);
}

/** Reads what the host's conntrack says into a table. */
export class ConntrackFollower {
  /** Why the last listing is not complete; empty where it is. */
  failure = "";
  readonly keeper: ConntrackKeeper | undefined;
  readonly #table: ConntrackTable;
  readonly #teller: ChildProcess;
  #isStopped = false;
  #isOver = false;
  #atEnd: Promise<void> | undefined;
  /** Resolves when the listing that was asked for last was read. */
  #listed = Promise.resolve();
  #end: () => void = () => {};
  #nextMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(table: ConntrackTable, keeper?: ConntrackKeeper) {
    this.#table = table;
    this.keeper = keeper;
    // in a session of its own: Ctrl-C is natcorr's, which still wants to hear of what came before
    this.#teller = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "pipe", "pipe", "pipe"], detached: true });
    const [stdin, stdout, stderr, listings] = this.#teller.stdio;
    for (const each of [this.#teller, stdin, listings])
      each?.on("error", (error) => (this.failure = failureText(error)));
    const onCutOff = (): void => {
      if (!this.#isStopped) this.#hear("ended");
    };
    const take = (line: string): void => this.#take(line);
    linesOf(stdout, take, onCutOff);
    // the first of four lines that say so (conntrack-tools 1.4, src/conntrack.c)
    linesOf(stderr, (line) => line.includes("ENOBUFS") && this.#hear("lost"));
    linesOf(
      listings,
      (line) => this.#takeListed(line),
      () => {
        this.#isOver = true;
        this.#end();
      },
    );
    table.hearing.onQuestion = () => this.#listLater();
  }

  /** Has it list all entries, once it has done what it was asked before; resolves when they were read. */
  list(): Promise<void> {
    this.#listed = this.#listed.then(() => {
      if (this.#isOver) return undefined;
      this.failure = "";
      this.#hear("listing");
      this.#teller.stdin?.write("\n");
      return new Promise((resolve) => (this.#end = resolve));
    });
    return this.#listed;
  }

  /** Has it list all entries for the last time, where that tells more of the flows that are not over. Waits for it no longer than for any tool. */
  listAtEnd(): Promise<void> {
    this.#atEnd ??= this.#listAtEnd();
    return this.#atEnd;
  }

  async #listAtEnd(): Promise<void> {
    if (this.#table.isInDoubt) await Promise.race([this.list(), sleep(MOST_MS, undefined, { ref: false })]);
    this.keeper?.flush();
  }

  /** Ends it. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.keeper?.close();
    this.#teller.stdin?.end();
  }

  #listLater(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        void this.list();
      },
      Math.max(0, this.#nextMs - Date.now()),
    );
  }

  #takeListed(line: string): void {
    if (line.startsWith(FAILED)) this.failure = line.slice(FAILED.length);
    else if (line !== LISTED) this.#take(line);
    else {
      this.#nextMs = Date.now() + this.#pauseMs;
      this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
      if (this.failure === "") this.#hear("listed");
      this.#end();
    }
  }

  #hear(event: ConntrackEvent): void {
    this.#take({ event, timeNs: epochNs() });
  }

  #take(heard: ConntrackHeard): void {
    this.#table.hear(heard);
    this.keeper?.take(heard);
  }
}
