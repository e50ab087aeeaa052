import type { Model } from "./model.js";
import type { Facts } from "./records.js";

/** What there is to show now: of a file, once and for all; of a run that goes on, more and more. */
export class Shown {
  #model: Model;
  #facts: Facts;
  /** Whether the run goes on. */
  goesOn: boolean;
  readonly #listeners: (() => void)[] = [];

  constructor(model: Model, facts: Facts, goesOn: boolean) {
    this.#model = model;
    this.#facts = facts;
    this.goesOn = goesOn;
  }

  get model(): Model {
    return this.#model;
  }

  get facts(): Facts {
    return this.#facts;
  }

  onRefresh(listener: () => void): void {
    this.#listeners.push(listener);
  }

  refresh(model: Model, facts: Facts, goesOn: boolean): void {
    this.#model = model;
    this.#facts = facts;
    this.goesOn = goesOn;
    for (const listener of this.#listeners) listener();
  }
}
