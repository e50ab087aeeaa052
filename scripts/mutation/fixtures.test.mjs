/** What natcorr makes of all fixtures is what is expected, as `test/fixtures.test.ts` holds among much else. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { natcorr } from "../../test/support/natcorr.js";

const FOLDER = join(process.cwd(), "fixtures");
/** What is expected, by the files that are asked for with it. */
const EXPECTED = [
  ["expected.ndjson"],
  ["expected-rules.ndjson", "--rules", "rules.txt"],
  ["expected-trace.ndjson", "--trace", "trace.txt"],
  ["expected-host.ndjson", "--host", "before.json,after.json"],
];

/** The smallest first, as they take least. */
const bySize = readdirSync(FOLDER).toSorted((one, other) => sizeOf(one) - sizeOf(other));
const cases = bySize.flatMap((name) =>
  EXPECTED.filter(([expected]) => existsSync(join(FOLDER, name, expected))).map((each) => [name].concat(each)),
);

function sizeOf(name) {
  return readFileSync(join(FOLDER, name, "expected.ndjson")).length;
}

it.each(cases)("%s: %s", async (name, expected, option, files = "") => {
  const folder = join(FOLDER, name);
  const captures = ["inside", "outside"].map((side) =>
    readdirSync(folder)
      .filter((file) => file.startsWith(side) && file.endsWith(".pcap"))
      .sort()
      .map((file) => join(folder, file))
      .join(","),
  );
  const options =
    option === undefined
      ? []
      : [
          option,
          files
            .split(",")
            .map((file) => join(folder, file))
            .join(","),
        ];
  const { stdout } = await natcorr("file", ...captures, "--format", "ndjson", ...options);
  expect(stdout.replaceAll(`${folder}/`, "")).toBe(readFileSync(join(folder, expected), "utf8"));
});
