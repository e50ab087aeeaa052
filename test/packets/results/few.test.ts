import { describe, expect, it } from "vitest";
import { saidFew } from "../../../src/packets/results/sentence.js";
import { Few, MOST_LISTED, MOST_NAMED } from "../../../src/packets/results/few.js";

function few(most: number | undefined, count: number): Few<string> {
  const some = new Few<string>(most);
  for (let n = 1; n <= count; n++) some.add(`${n}`);
  return some;
}

describe("how many there were of something, and the first of them", () => {
  it("remembers no more than it is to list, and counts all", () => {
    expect(few(undefined, 1000).listed).toHaveLength(MOST_LISTED);
    const named = few(MOST_NAMED, 1000);
    expect([named.listed.length, named.more, named.count]).toEqual([5, 995, 1000]);
  });

  it("makes only what it lists", () => {
    const named = few(MOST_NAMED, 4);
    const made: string[] = [];
    const make = (): string => {
      made.push("made");
      return `${made.length}`;
    };
    for (let n = 0; n < 3; n++) named.addMade(make);
    expect(made).toHaveLength(1);
    expect(named.listed).toEqual(["1", "2", "3", "4", "1"]);
    expect([named.more, named.count]).toEqual([2, 7]);
  });

  it("names the same, alone and behind others, where it remembers no more than it names", () => {
    const [long, short] = [undefined, MOST_NAMED].map((most) => {
      const all = few(most, 2);
      all.addAll(few(most, 1000));
      return saidFew(all).text;
    });
    expect(short).toBe(long);
    expect(short).toBe("1, 2, 1, 2, 3 and 997 more");
  });
});
