import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Captures, LINEAR_INPUTS, type LinearInput } from "./linear-inputs.js";
import { type Cost, inTurn, measure } from "./measure.js";
import { growing } from "./table.js";

/** What `npm run bench -- linear` is asked for. */
export interface LinearOptions {
  /** natcorr's entry, run by this node. */
  readonly natcorr: string;
  /** Which inputs; all where empty. */
  readonly names: readonly string[];
  readonly runs: number;
}

/** Most that twice the input may cost, as against once. */
const MOST_RATIO = 2.3;

const MEASURED = ["N", "2N", "ratio", "MiB at 2N"];
const HEADINGS = [
  "input",
  "",
  "N",
  ...MEASURED.map((each) => `-q, ${each}`),
  ...MEASURED.map((each) => `NDJSON, ${each}`),
];

/**
 * Measures what natcorr takes for N and for 2N of each input, and prints a table of that as Markdown, a row as soon as it is known.
 *
 * @returns whether none grows faster than its input.
 * @throws Error where natcorr fails.
 */
export async function linear({ natcorr, names, runs }: LinearOptions): Promise<boolean> {
  const inputs = [...LINEAR_INPUTS].filter(([name]) => names.length === 0 || names.includes(name));
  const { head, row } = growing(HEADINGS, inputs.map(titleOf));
  process.stdout.write(`\n### CPU seconds at N and 2N\n\n${head}`);
  let isLinear = true;
  for (const named of inputs) {
    const [, input] = named;
    const once = await costs(input, input.count, natcorr, runs);
    const twice = await costs(input, 2 * input.count, natcorr, runs);
    const cells = once.flatMap((cost, i) => {
      const ratio = twice[i].cpuS / cost.cpuS;
      isLinear &&= ratio <= MOST_RATIO;
      return [cost.cpuS.toFixed(2), twice[i].cpuS.toFixed(2), ratio.toFixed(2), twice[i].peakMiB.toFixed(0)];
    });
    process.stdout.write(row([...titleOf(named), ...cells]));
  }
  return isLinear;
}

/** What its row begins with. */
function titleOf([name, { about, count }]: readonly [string, LinearInput]): string[] {
  return [name, about, count.toLocaleString("en")];
}

/** What `-q` costs, and NDJSON to a pipe. */
async function costs(input: LinearInput, count: number, natcorr: string, runs: number): Promise<Cost[]> {
  const folder = mkdtempSync(join(tmpdir(), "natcorr-linear-"));
  try {
    const [inside, outside] = [join(folder, "inside.pcap"), join(folder, "outside.pcap")];
    const captures = new Captures(inside, outside);
    input.write(captures, count);
    captures.close();
    const file = [process.execPath, natcorr, "file", inside, outside];
    return await inTurn([() => measure([...file, "-q"]), () => measure([...file, "--format", "ndjson"])], runs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
