import { setTimeout as sleep } from "node:timers/promises";
import type { Container, ContainerEvent } from "../host/snapshot/docker.js";
import { newsOf } from "../host/snapshot/host-facts.js";
import { KnownHost } from "../host/snapshot/known-host.js";
import { changeAt, type HeardRoute, type HostNews, type Snapshot } from "../host/snapshot/snapshot.js";
import { keepNewest } from "../packets/memory/keep-newest.js";
import { epochText } from "../packets/results/epoch.js";
import { epochNs } from "../capture/live/now.js";
import type { DockerEngine } from "./docker-api.js";
import { followNetwork } from "./follow-network.js";
import { Pause } from "./pause.js";
import { failureText, type Tools } from "./tools.js";
import { followSysctls, type SettingsChanged } from "./sysctls.js";
import { takeSnapshot } from "./take-snapshot.js";
import type { Warns } from "./warns.js";

/** So long the run waits for what the host says at its end. */
const END_MS = 10_000;
/** How long it waits until it asks an engine again that does not tell what happens. */
const PAUSE_MS = 1000;
/** How long it waits until it looks which addresses came or went, or settings are others: mostly, several do … */
const SETTLE_MS = 200;
/** … and behind that until it looks again, at the most. */
const MOST_PAUSE_MS = 10_000;
/** So many routes that came or went between two snapshots are kept. */
const MOST_ROUTES = 64;
/** Where more events wait, no container is asked about by itself: once there is time, all are, at once. So many ends are remembered, too. */
const MOST_WAITING = 1000;

/** Keeps news. `addresses`: what other containers have by them than before. */
type Keep = (news: HostNews, addresses: readonly string[]) => void;

interface Following {
  readonly engine: DockerEngine;
  /** The version of the program. */
  readonly version: string;
  /**
   * Whether what the host says is kept: then its snapshots have all that it knows. Else they have what names containers and explains drops, and the first and the last one
   * conntrack's entries, which tell what began in between.
   */
  readonly isKept: boolean;
  readonly messages: Warns;
  readonly tools?: Tools & { readonly close?: () => void };
}

/** Takes what the host says while packets are captured: a snapshot at first, what Docker tells of its containers, and a snapshot in the end. */
export class HostFollower {
  readonly known: KnownHost;
  readonly #following: Following;
  readonly #over = new AbortController();
  /** Before it is asked again for addresses that it did not have … */
  readonly #unknownPause = new Pause();
  /** … and what changed of its network; and whether it is going to be. */
  readonly #changePause = new Pause(MOST_PAUSE_MS);
  #isLookDue = false;
  readonly #endNetwork: () => void;
  readonly #endSysctls: () => void;
  /** When the host began to forward as it does now, epoch nanoseconds; undefined while nobody tells. */
  #steadyNs: bigint | undefined;
  #isNetworkTold = true;
  /** When that changed first since the last snapshot was begun, likewise. */
  #changedNs: bigint | undefined;
  /** Which routes came or went since then. */
  #heardRoutes: HeardRoute[] = [];
  /** Over when all that was asked so far is answered. */
  #asked: Promise<void> = Promise.resolve();
  /** How many events wait for that; and whether there were more. */
  #waiting = 0;
  #isBehind = false;
  #hasSnapshot = false;
  #hasComplained = false;
  /** When containers ended, those that did last. */
  readonly #ends = new Map<string, bigint>();
  /** The containers that run, as they were told last, by their ids. */
  #told = new Map<string, string>();
  /** What waits for somebody to keep it. */
  #unkept: [news: HostNews, addresses: readonly string[]][] = [];
  #keep: Keep | undefined;
  #ended: Promise<void> | undefined;

  constructor(known: KnownHost, following: Following) {
    this.known = known;
    this.#following = following;
    known.masqueradeSources.onUnknown = () => this.#lookAgain();
    this.#endNetwork = followNetwork({
      onRoute: (route) => this.#noteRoute(route),
      onAddresses: () => {
        this.known.changeAddresses(epochNs());
        this.#lookSoon();
      },
      onChange: () => this.#noteChange(),
      onEnd: () => (this.#isNetworkTold = false),
    });
    this.#endSysctls = followSysctls((changed) => this.#noteSettings(changed));
  }

  /** Resolves once there is a snapshot. */
  begin(): Promise<void> {
    return new Promise((resolve) => void this.#follow(resolve));
  }

  /** Has all that the host says kept: what it said already, and what it will say. */
  keepIn(keep: Keep): void {
    this.#keep = keep;
    for (const [news, addresses] of this.#unkept) keep(news, addresses);
    this.#unkept = [];
  }

  /** Takes a snapshot for the last time, behind all that Docker told. Waits for it no longer than a moment, and not at all where none was taken that is not kept. */
  end(): Promise<void> {
    if (!this.#following.isKept && !this.#hasSnapshot) return Promise.resolve();
    this.#ended ??= this.#endInTime();
    return this.#ended;
  }

  async #endInTime(): Promise<void> {
    const { isKept, messages } = this.#following;
    const first = await Promise.race([this.#snapshot(), sleep(END_MS, "late", { ref: false })]);
    if (first === "late" && isKept)
      messages.warn(`not in the file: what the host says in the end, for it took longer than ${END_MS / 1000} s`);
    for (const text of this.known.unasked) messages.warn(text);
  }

  /** Ends it: nothing is taken any more. */
  close(): void {
    this.#over.abort();
    this.#endNetwork();
    this.#endSysctls();
    this.#following.tools?.close?.();
  }

  async #follow(onBegun: () => void): Promise<void> {
    const { engine } = this.#following;
    const begin = (): void => void this.#snapshot().then(onBegun);
    if (engine.isOff) begin();
    // subscribed first: what happens from then on is told, what was before is in the snapshot
    else await this.#listen(begin);
  }

  async #listen(begin: () => void): Promise<void> {
    const { engine } = this.#following;
    const { signal } = this.#over;
    // the rest of what the host says need not wait for it once more
    if (engine.isSilent) begin();
    while (!signal.aborted) {
      try {
        await engine.follow(begin, (event) => this.#hear(event), signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!this.#hasSnapshot) begin();
        this.#lose();
        this.#complain(error);
      }
      await sleep(PAUSE_MS, undefined, { ref: false });
    }
  }

  /** Nobody tells any more whose an address is: an engine that begins again gives them out anew. */
  #lose(): void {
    const timeNs = epochNs();
    for (const id of this.#told.keys()) this.#change({ id, timeNs }, undefined);
  }

  /** Asks what became of a container. That one ended needs no question, and waits for none: the next may have its address soon. */
  #hear(event: ContainerEvent): void {
    if (event.isEnd) {
      this.#ends.set(event.id, event.timeNs);
      keepNewest(this.#ends, MOST_WAITING);
      this.#change(event, undefined);
      return;
    }
    this.#isBehind ||= this.#waiting === MOST_WAITING;
    if (this.#isBehind) return;
    this.#waiting++;
    void this.#ask(async () => {
      this.#waiting--;
      if (!this.#isBehind) await this.#askAbout(event);
      else if (this.#waiting === 0) {
        this.#isBehind = false;
        await this.#takeSnapshot();
      }
    });
  }

  /** Takes a snapshot soon after a flow left with an address that the host did not have: it shows whether the host has it now. */
  #lookAgain(): void {
    if (!this.#hasSnapshot || this.#ended !== undefined || this.#unknownPause.leftMs > 0) return;
    this.#unknownPause.begin();
    void this.#snapshot();
  }

  #noteRoute(route: Omit<HeardRoute, "time">): void {
    const time = epochText(epochNs());
    if (this.#heardRoutes.length < MOST_ROUTES) this.#heardRoutes.push({ ...route, time });
    else if (this.#heardRoutes.length === MOST_ROUTES) this.#heardRoutes.push({ dst: "default", time });
  }

  #noteSettings({ heldNs, timeNs, sysctls }: SettingsChanged): void {
    if (!this.#hasSnapshot) return;
    const settings = { held: epochText(heldNs), sysctls };
    this.#take({ ...changeAt(timeNs), settings });
  }

  /** Takes it that the host forwards otherwise than before: a snapshot will tell how. */
  #noteChange(): void {
    const timeNs = epochNs();
    this.#steadyNs &&= timeNs;
    this.#changedNs ??= timeNs;
    this.#lookSoon();
  }

  /** Takes a snapshot once what changes of the network has settled. */
  #lookSoon(): void {
    if (this.#isLookDue || this.#ended !== undefined) return;
    this.#isLookDue = true;
    const waitMs = Math.max(SETTLE_MS, this.#changePause.leftMs);
    setTimeout(() => {
      this.#isLookDue = false;
      if (this.#ended !== undefined || this.#over.signal.aborted) return;
      this.#changePause.begin();
      void this.#snapshot();
    }, waitMs).unref();
  }

  #snapshot(): Promise<void> {
    return this.#ask(() => this.#takeSnapshot());
  }

  /** Does something once all that was asked before is answered: what the host says has an order. */
  #ask(question: () => Promise<void>): Promise<void> {
    this.#asked = this.#asked.then(question).catch((error: unknown) => this.#complain(error));
    return this.#asked;
  }

  async #askAbout(event: ContainerEvent): Promise<void> {
    const container = await this.#following.engine.container(event.id);
    // whoever ended meanwhile has no address any more: the next may have it by now
    const now = (this.#ends.get(event.id) ?? 0n) < event.timeNs ? container : undefined;
    this.#change(event, now);
    if (now === undefined && event.name !== undefined && !this.known.containers.words.has(event.name))
      this.#noteUnasked(event, event.name);
  }

  #noteUnasked({ id, timeNs }: ContainerEvent, name: string): void {
    this.#take({ ...changeAt(timeNs), id, unasked: name });
  }

  #change({ id, timeNs }: Pick<ContainerEvent, "id" | "timeNs">, container: Container | undefined): void {
    const now = container && JSON.stringify(container);
    if (this.#told.get(id) === now) return;
    if (now === undefined) this.#told.delete(id);
    else this.#told.set(id, now);
    const change = { ...changeAt(timeNs), id };
    this.#take(container === undefined ? change : { ...change, container });
  }

  async #takeSnapshot(): Promise<void> {
    const { engine, version, isKept, tools } = this.#following;
    const sinceNs = epochNs();
    const changedNs = this.#changedNs;
    this.#changedNs = undefined;
    const heardRoutes = this.#heardRoutes;
    this.#heardRoutes = [];
    const isFirst = !this.#hasSnapshot;
    const isAtEnd = isFirst || this.#ended !== undefined;
    const snapshot = await takeSnapshot(engine, version, isKept ? "first" : isAtEnd ? "all" : "none", tools);
    if (isFirst) this.#sayMissing(snapshot);
    this.#hasSnapshot = true;
    if (snapshot.docker !== undefined && this.#hasComplained) {
      this.#hasComplained = false;
      this.#following.messages.warn("docker answers again: containers are named from now on");
    }
    // one without containers says nothing of them: what is known of them goes on
    if (snapshot.docker !== undefined)
      this.#told = new Map(snapshot.docker.containers.map((container) => [container.id, JSON.stringify(container)]));
    const changed =
      changedNs === undefined
        ? {}
        : { changedFrom: epochText(changedNs), ...(heardRoutes.length > 0 && { heardRoutes }) };
    this.#take({ ...snapshot, ...this.#steadySince(), ...changed });
    if (isFirst) for (const text of this.known.unfollowed) this.#following.messages.warn(text);
    // it may show those that ended meanwhile
    for (const [id, timeNs] of this.#ends) if (timeNs >= sinceNs) this.#change({ id, timeNs }, undefined);
  }

  /** What a snapshot adds of how long the network has been the same. Nobody knows that of the first one. */
  #steadySince(): Pick<Snapshot, "steadySince"> {
    const steadyNs = this.#isNetworkTold ? this.#steadyNs : undefined;
    // whoever tells may have begun to listen by now
    this.#steadyNs ??= epochNs();
    return steadyNs === undefined ? {} : { steadySince: epochText(steadyNs) };
  }

  #take(news: HostNews): void {
    if (this.#over.signal.aborted) return;
    const addresses = this.known.take(newsOf(news));
    if (this.#keep !== undefined) this.#keep(news, addresses);
    else if (this.#following.isKept) this.#unkept.push([news, addresses]);
  }

  #sayMissing({ missing }: Snapshot): void {
    const docker = missing.find(({ source }) => source === "docker");
    if (docker !== undefined && !this.#following.engine.isOff) this.#complain(docker.why);
    const others = missing.filter((each) => each !== docker).map(({ source }) => source);
    if (others.length > 0 && this.#following.isKept)
      this.#following.messages.warn(`not in what the file keeps of the host: ${others.join(", ")}`);
  }

  /** Says once that containers are not named, or no more of them, until Docker answers again. */
  #complain(why: unknown): void {
    if (this.#hasComplained || this.#over.signal.aborted) return;
    this.#hasComplained = true;
    const what = this.known.containers.words.size === 0 ? "containers are not named" : "new containers are not named";
    this.#following.messages.warn(`${what}: docker: ${failureText(why)}; --docker off does without`);
  }
}
