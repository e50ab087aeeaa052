/**
 * Runs each test once as it is, and then with each mutant in force that is in a block that it enters, unless another test has noticed it. Every step is told at once in a
 * file, so that whoever ends this process at any time loses nothing.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { TestRunner } from "vitest";

/** What a mutant may enter: so many times as many blocks as without it, and some more. */
const MOST_TIMES = 5;
const MOST_MORE = 10_000_000;
const MOST = 2 ** 31 - 1;

const { mutants, log, mostMs, mostTests } = JSON.parse(readFileSync("mutation.json", "utf8"));
const noticed = new Set();
/** By test: what was tried in it, and which mutants to begin with, as nobody knows whether they or those before upset it. */
const tried = new Map();
/** By mutant, in how many tests it was tried. */
const tests = new Map();
const upset = new Map();
/** Tests by how long they take and what they enter, as they are. */
const known = new Map();
for (const line of readFileSync(log, "utf8").split("\n").filter(Boolean)) {
  const { is, id, test, ...more } = JSON.parse(line);
  if (is === "noticed") noticed.add(id);
  if (is === "trying") noteTried(id, test);
  if (is === "upset") {
    upset.set(test, (upset.get(test) ?? []).concat(id));
    tried.get(test).delete(id);
  }
  if (is === "known") known.set(test, more);
}

function noteTried(id, test) {
  tried.set(test, (tried.get(test) ?? new Set()).add(id));
  tests.set(id, (tests.get(id) ?? 0) + 1);
}

function tell(what) {
  appendFileSync(log, `${JSON.stringify(what)}\n`);
}

export default class MutantRunner extends TestRunner {
  async runTask(task) {
    const test = `${task.file.name}: ${nameOf(task)}`;
    if (!known.has(test)) return this.#asItIs(task, test);
    const { blocks, count, ms } = known.get(test);
    // of JSON, there is no Infinity
    if (ms > (mostMs ?? Infinity)) return undefined;
    const entered = new Set(blocks);
    const isOpen = ({ id, block }) =>
      entered.has(block) &&
      !noticed.has(id) &&
      !tried.get(test)?.has(id) &&
      (tests.get(id) ?? 0) < (mostTests ?? Infinity);
    const first = upset.get(test) ?? [];
    const open = mutants.filter(isOpen).sort((one, other) => first.includes(other.id) - first.includes(one.id));
    if (open.length === 0) return undefined;
    await this.#run(task, 0, MOST);
    let isFresh = true;
    const most = Math.min(MOST, MOST_TIMES * count + MOST_MORE);
    for (const { id } of open) {
      tell({ is: "trying", id, test });
      noteTried(id, test);
      if (await this.#passes(task, id, most)) {
        isFresh = false;
        continue;
      }
      if (isFresh) {
        noticed.add(id);
        tell({ is: "noticed", id, test });
      }
      // what it, or one before it, left behind may be in the way
      const isAsBefore = await this.#passes(task, 0, MOST);
      if (!isFresh && isAsBefore) {
        noticed.add(id);
        tell({ is: "noticed", id, test });
      }
      if (!isAsBefore) {
        if (!isFresh) tell({ is: "upset", id, test });
        process.kill(process.pid, "SIGKILL");
      }
      isFresh = true;
    }
    tell({ is: "through", test });
    globalThis.mutation.begin(0, MOST);
  }

  async #asItIs(task, test) {
    globalThis.mutation.forget();
    const begun = Date.now();
    await this.#run(task, 0, MOST);
    tell({ is: "known", test, file: task.file.name, ms: Date.now() - begun, ...globalThis.mutation.entered(MOST) });
  }

  async #run(task, mutant, blocks) {
    globalThis.mutation.begin(mutant, blocks);
    this.onBeforeTryTask(task);
    await TestRunner.getTestFn(task)();
    this.onAfterTryTask(task);
  }

  async #passes(task, mutant, blocks) {
    try {
      await this.#run(task, mutant, blocks);
      return true;
    } catch {
      return false;
    }
  }
}

function nameOf({ name, suite }) {
  return suite === undefined ? name : `${nameOf(suite)} > ${name}`;
}
