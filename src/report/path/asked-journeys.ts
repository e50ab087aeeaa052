import type { Asked } from "../asked.js";
import type { Journey } from "./journey.js";

/** Whether words ask for a journey: for pairs and a hop has one of it, or for what a hop says of one of its frames. */
export function asksFor(asked: Asked, { crossings, fates }: Journey): boolean {
  if (crossings.length > 0 && asked.names("pair")) return true;
  return fates.some(({ verdict, impact }) =>
    verdict === "ambiguous"
      ? asked.names("ambiguous")
      : asked.has(impact === undefined ? { verdict } : { verdict, impact }),
  );
}
