import { describe, expect, it } from "vitest";
import { us } from "../../outcome.js";
import { OTHER, SERVER, type Segment, segment, SYN, SYN_ACK } from "../../traffic.js";
import { alone, answer, query } from "../beside.js";

const [NEIGHBOUR, PUBLISHED] = ["172.18.0.3", "203.0.113.5"];

type Numbers = Pick<Segment, "seq" | "ack" | "flags" | "text">;

/** What a container sends to a published port of another bridge, as br_netfilter has docker0 show it: its DNAT is done already … */
const asked = (atUs: number, numbers: Numbers) =>
  us(atUs, segment({ src: OTHER, dst: NEIGHBOUR, srcPort: 36_518, dstPort: 80, ttl: 64, ipId: atUs, ...numbers }));
/** … and what comes back, whose DNAT is undone. */
const answered = (atUs: number, numbers: Numbers) =>
  us(atUs, segment({ src: PUBLISHED, dst: OTHER, srcPort: 8081, dstPort: 36_518, ttl: 63, ipId: atUs, ...numbers }));

const verdicts = async (inside: Parameters<typeof alone>[0]) =>
  (await alone(inside, [])).map((said) => said.split(":")[0]);

describe("what is answered from another address than it goes to", () => {
  const opened = [
    asked(3001, { seq: 100, ack: 0, flags: SYN }),
    answered(3030, { seq: 900, ack: 101, flags: SYN_ACK }),
    asked(3040, { seq: 101, ack: 901 }),
  ];

  it("takes another interface where the numbers of TCP show that", async () => {
    const page = [
      asked(3100, { seq: 101, ack: 901, text: "a page?" }),
      answered(3200, { seq: 901, ack: 108, text: "a page" }),
      asked(3300, { seq: 108, ack: 907 }),
    ];
    const [sent, back] = ["inside elsewhere", "inside unknown"];
    expect(await verdicts([...opened, ...page])).toEqual([sent, back, sent, sent, back, sent]);
  });

  it("is dropped where the numbers are another connection's", async () => {
    const other = [opened[0], answered(3030, { seq: 900, ack: 100, flags: SYN_ACK })];
    expect(await verdicts(other)).toEqual(["inside dropped", "inside unknown"]);
  });

  it("is not known where it has no numbers, unless its sender asked there", async () => {
    const ask = { src: OTHER, ipId: 31_000, ttl: 64 };
    const question = us(3001, query({ ...ask, dst: NEIGHBOUR }));
    const told = us(3030, answer({ src: PUBLISHED, dst: OTHER, ipId: 7, ttl: 63 }));
    expect(await verdicts([question])).toEqual(["inside dropped"]);
    const [said] = await alone([question, told], []);
    expect(said).toMatch(/^inside unknown: .*, but frame 33 comes to its sender from where that sent nothing/);
    // however many others wait in between
    const others = Array.from({ length: 80 }, (_, n) =>
      us(3002 + n / 4, query({ src: "172.17.0.9", dst: SERVER, ipId: 100 + n, ttl: 64, text: `lost ${n}` })),
    );
    expect((await alone([question, ...others, told], []))[0]).toBe(said.replace("frame 33", "frame 113"));
    const askedThere = us(3010, query({ ...ask, dst: PUBLISHED, ipId: 31_001, text: "and you?" }));
    expect((await verdicts([question, askedThere, told]))[0]).toBe("inside dropped");
  });
});
