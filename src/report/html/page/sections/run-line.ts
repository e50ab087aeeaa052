import { h, refill } from "../dom.js";
import { secondsText } from "../format.js";

const WORDS = {
  waiting: "Waiting for what is captured.",
  goesOn: "The run goes on.",
  paused: "Paused: the run goes on, and this page does not change.",
  unreached: "natcorr does not answer: the run has ended, or it cannot be reached. What it found since is not here.",
  over: "The run has ended. This is all of it.",
} as const;

/** Above the page of a run that goes on: whether it does, as of when the page is, what is said of problems, and a button to pause it. */
export class RunLine {
  readonly element: HTMLElement;
  readonly #state = h("span", { role: "status" });
  readonly #time = h("span");
  /** What is read out: the page itself changes each second. */
  readonly #problems = h("p", { class: "unseen", role: "status" });
  readonly #button: HTMLButtonElement;
  #known = "";
  #isPaused = false;
  #isReached = true;
  #isOver = false;
  #isEmpty = true;

  constructor(onPause: (isPaused: boolean) => void) {
    const toggle = (): void => {
      this.#isPaused = !this.#isPaused;
      onPause(this.#isPaused);
      this.#say();
    };
    this.#button = h("button", { type: "button", onclick: toggle });
    this.element = h("div", { class: "run" }, this.#state, this.#time, this.#button, this.#problems);
    this.#say();
  }

  /** The page shows something new. `problems`: what there is to do; `kinds`: the same without what changes each second. */
  shows(problems: string, kinds: string, goesOn: boolean): void {
    this.#isOver = !goesOn;
    this.#isEmpty = false;
    refill(this.#time, [document.createTextNode(` As of ${secondsText(Math.floor(Date.now() / 1000))}. `)]);
    if (kinds !== this.#known) this.#problems.textContent = problems;
    this.#known = kinds;
    this.#say();
  }

  /** Whether whoever serves the page answers. */
  reach(isReached: boolean): void {
    this.#isReached = isReached;
    this.#say();
  }

  #say(): void {
    const state = this.#isOver
      ? "over"
      : !this.#isReached
        ? "unreached"
        : this.#isPaused
          ? "paused"
          : this.#isEmpty
            ? "waiting"
            : "goesOn";
    // what is said again is not read out again
    refill(this.#state, [document.createTextNode(WORDS[state])]);
    refill(this.#button, [document.createTextNode(this.#isPaused ? "Go on" : "Pause")]);
    this.#button.hidden = this.#isOver;
    this.element.dataset["state"] = state;
  }
}
