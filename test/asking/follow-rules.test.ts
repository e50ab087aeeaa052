import { writeFileSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { RulesFollower } from "../../src/asking/follow-rules.js";
import { RuleHistory } from "../../src/host/rules/times/rule-history.js";
import { scratch } from "../support/scratch.js";

const RULES = "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n";
const OTHERS = RULES.replace("-j", "-o enp0s3 -j");
let follower: RulesFollower | undefined;
afterEach(() => follower?.stop());

/** Follows rules that stand in a file, as `cat` prints them behind what another command prints. */
function followed(first = "true"): { history: RuleHistory; write: (text: string) => void; file: string } {
  const file = scratch("rules.txt");
  const write = (text: string): void => writeFileSync(file, text);
  write(RULES);
  const history = new RuleHistory(RULES);
  follower = new RulesFollower(history, [first, `cat '${file}'`]);
  return { history, write, file };
}

it("reads the rules again when somebody asks, and at the end", async () => {
  const { history, write } = followed();
  const { current } = history;
  write(OTHERS);
  history.onQuestion();
  await expect.poll(() => history.current).not.toBe(current);
  const changed = history.current;
  await follower?.readAtEnd();
  expect(history.current).toBe(changed);
  write(RULES);
  await follower?.readAtEnd();
  expect(history.current).not.toBe(changed);
});

it("takes rules that could not all be read for no others", async () => {
  const { history, write } = followed("false");
  const { current } = history;
  write(OTHERS);
  await follower?.readAtEnd();
  expect(history.current).toBe(current);
});
