import type { Gathered } from "./model.js";
import type { Facts } from "./records.js";

/** Whoever did not answer is asked again then. */
const AGAIN_MS = 5000;
/** Where nothing new was told, as others waited too. */
const TOLD_NOTHING_MS = 1000;
/** A page that takes long to show what is new does so less often: it rests so many times as long, but not for longer than whoever serves it would wait for it at the end. */
const REST = 3;
const MOST_REST_MS = 3000;

/** How a run stands, as who serves the page says it: what is said beside the records, how many bytes of records belong to that, and whether it is all. */
interface Standing extends Facts {
  readonly version: number;
  readonly upTo: number;
  readonly isOver: boolean;
}

/** What a page that is served is told of: what there is to show, and whether it is being told of that at all. */
export interface Told {
  show(facts: Facts, goesOn: boolean): void;
  /** Whether whoever serves the page answers. */
  reach(isReached: boolean): void;
  /** The flow that is looked at. */
  readonly chosen: number | undefined;
}

/** Follows a run, by what serves the page: asks how the run stands, and for the records that are new. Asks its own origin alone. */
export class Served {
  readonly #gathered: Gathered;
  readonly #told: Told;
  #version = 0;
  #bytes = 0;
  #isPaused = false;
  #isPressed = false;
  #asking = new AbortController();

  constructor(gathered: Gathered, told: Told) {
    this.#gathered = gathered;
    this.#told = told;
    document.addEventListener("visibilitychange", () => this.#asking.abort());
    for (const event of ["pointerdown", "pointerup", "pointercancel"])
      addEventListener(event, () => {
        this.#isPressed = event === "pointerdown";
      });
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Has it wait for the end of the run alone, or go on. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    this.#asking.abort();
  }

  /** Shows what is new, again and again, until the run is over. */
  async follow(): Promise<void> {
    for (let isOver = false; !isOver; ) {
      this.#asking = new AbortController();
      const { signal } = this.#asking;
      try {
        isOver = await this.#next(signal);
      } catch {
        if (signal.aborted) continue;
        this.#told.reach(false);
        await sleep(AGAIN_MS, signal);
      }
    }
  }

  /** Whether it was the last. */
  async #next(signal: AbortSignal): Promise<boolean> {
    const isHeld = this.#isPaused || document.hidden;
    const response = await ask(`state?after=${isHeld ? "end" : this.#version}`, signal);
    const text = await response.text();
    this.#told.reach(true);
    if (text === "") {
      await sleep(TOLD_NOTHING_MS, signal);
      return false;
    }
    const lineEnd = text.indexOf("\n");
    const standing: Standing = JSON.parse(text.slice(0, lineEnd));
    await this.#read(standing.upTo);
    // what is being clicked, or dragged across, stays until that is done
    while (this.#isPressed) await sleep(TOLD_NOTHING_MS / 10);
    const startMs = performance.now();
    this.#version = standing.version;
    this.#gathered.stand(text.slice(lineEnd), this.#told.chosen);
    this.#told.show(standing, !standing.isOver);
    if (!standing.isOver) await sleep(Math.min(MOST_REST_MS, REST * (performance.now() - startMs)), signal);
    return standing.isOver;
  }

  async #read(upTo: number): Promise<void> {
    while (this.#bytes < upTo) {
      const response = await ask(`records?after=${this.#bytes}`);
      const bytes = await response.arrayBuffer();
      if (bytes.byteLength === 0) throw new Error("records are missing");
      this.#bytes += bytes.byteLength;
      this.#gathered.add(new TextDecoder().decode(bytes));
    }
  }
}

/** Asks whoever serves this page, and nobody else. */
async function ask(what: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(what, { cache: "no-store", redirect: "error", ...(signal !== undefined && { signal }) });
  if (!response.ok) throw new Error(`${what}: ${response.status}`);
  return response;
}

/** Waits, or until it is called off. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
