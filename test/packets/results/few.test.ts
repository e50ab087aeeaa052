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
