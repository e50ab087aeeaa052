import type { RuleHistory, RuleReading } from "../host/rules/times/rule-history.js";
import { changeAt, type RulesChange } from "../host/snapshot/snapshot.js";
import { epochText } from "../packets/results/epoch.js";
import type { Warns } from "./warns.js";

/** So many characters of rules are kept: of a cluster's, some megabytes each time, a dozen versions; of a host's, thousands. */
const MOST_CHARACTERS = 64_000_000;

/** Has the rules kept as they were read first, and as they change, as far as there is room; says once, there and to the user, from when on they are not. */
export function keepRules(
  rules: RuleHistory,
  keep: (change: RulesChange) => void,
  messages: Warns,
  most = MOST_CHARACTERS,
): void {
  let room = most;
  const keepReading = (reading: RuleReading): void => {
    if (room < 0) return;
    room -= reading.text.length;
    keep(room < 0 ? endedAt(reading) : changeOf(reading));
    if (room < 0)
      messages.warn(
        "the file keeps no more of the rules as they change: there are too many, and too long ones; of what began from now on, it does not tell by which rules",
      );
  };
  rules.onReading = keepReading;
  keepReading(rules.inForce[0].first);
}

function changeOf({ text, askedNs, answeredNs, heldNs, unreadFromNs }: RuleReading): RulesChange {
  const [asked, held] = [askedNs, heldNs].map(epochText);
  const unread = unreadFromNs === undefined ? {} : { unreadFrom: epochText(unreadFromNs) };
  return { ...changeAt(answeredNs), rules: { asked, held, lines: text.split("\n"), ...unread } };
}

function endedAt({ answeredNs }: RuleReading): RulesChange {
  return { ...changeAt(answeredNs), isEndOfRules: true };
}
