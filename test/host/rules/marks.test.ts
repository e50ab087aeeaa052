import { expect, test } from "vitest";
import { explained, fetched, nat } from "./explained.js";

const BY_MARK = "-A POSTROUTING -m mark --mark 0x40000/0xff0000 -j MASQUERADE";
const BY_SOURCE = "-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE";

/** Rules of a table that filters, and those that translate. */
const marked = (table: string, ...rules: readonly string[]): string =>
  `*${table}\n${rules.join("\n")}\nCOMMIT\n${nat(BY_MARK, BY_SOURCE)}`;

/** A table of nft's whose chain has this place. */
const placed = (name: string, place: string, ...rules: readonly string[]): string =>
  `table ip ${name} {\n\tchain c {\n\t\ttype filter hook ${place}; policy accept;\n\t\t${rules.join("\n\t\t")}\n\t}\n}\n`;

const MARK = "-j MARK --set-xmark 0x40000/0xff0000";

test.each([
  ["where packets are forwarded", marked("filter", `-A FORWARD -i docker0 ${MARK}`)],
  ["as they come in", marked("raw", `-A PREROUTING -s 172.17.0.3/32 ${MARK}`)],
  ["as they go out", marked("mangle", `-A POSTROUTING ${MARK}`)],
  ["by a chain of their own", marked("filter", "-A FORWARD -j ts", `-A ts -p tcp ${MARK}`, "-A ts -p tcp -j ACCEPT")],
  ["before a rule that drops others", marked("filter", `-A FORWARD ${MARK}`, "-A FORWARD -p udp -j DROP")],
  ["by nft", placed("t", "forward priority filter", "meta mark set 0x40000") + nat(BY_MARK, BY_SOURCE)],
])("a mark that is given %s tells the rule", (_, rules) => {
  expect(explained(rules, fetched)).toEqual([BY_MARK]);
});

test.each([
  ["to others", marked("filter", `-A FORWARD -i enp0s3 ${MARK}`)],
  ["to some", marked("filter", `-A FORWARD -m limit --limit 3/min ${MARK}`)],
  ["to packets that are dropped", marked("filter", `-A FORWARD -p tcp -j ts`, `-A ts ${MARK}`, "-A ts -j DROP")],
  [
    "and a connection's own taken behind it",
    marked("filter", `-A FORWARD ${MARK}`, "-A FORWARD -j CONNMARK --restore-mark"),
  ],
  [
    "before a chain that may be asked first, and changes it",
    placed("a", "forward priority filter", "meta mark set 0x40000") +
      placed("b", "forward priority filter", "meta mark 0x40000 meta mark set 0x50000") +
      nat(BY_MARK, BY_SOURCE),
  ],
  [
    "where sources are translated",
    placed("t", "postrouting priority srcnat", "meta mark set 0x40000") + nat(BY_MARK, BY_SOURCE),
  ],
  [
    "and changed behind what translates destinations",
    placed("a", "prerouting priority raw", "meta mark set 0x40000") +
      placed("b", "prerouting priority filter", "ip daddr 180.101.49.11 meta mark set 0x50000") +
      nat(BY_MARK, BY_SOURCE),
  ],
])("a mark that is given %s leaves both rules possible", (_, rules) => {
  expect(explained(rules, fetched)).toEqual([`? ${BY_MARK}`, `? ${BY_SOURCE}`]);
});

test("a mark that is given where an interface's name is not known is not known either", () => {
  const rules = marked("filter", `-A FORWARD -i docker0 ${MARK}`);
  expect(explained(rules, fetched, "", "")).toEqual([`? ${BY_MARK}`, `? ${BY_SOURCE}`]);
});

test("a mark that is given otherwise rules a rule out", () => {
  const rules = marked("filter", "-A FORWARD -i docker0 -j MARK --set-xmark 0x50000/0xff0000");
  expect(explained(rules, fetched)).toEqual([BY_SOURCE]);
});
