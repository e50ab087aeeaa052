import { otherSide, SIDE_NAMES } from "../../../packets/sides.js";
import { type ByRoutes, routedUnknownThen } from "../claims/routed.js";
import type { Told } from "./told.js";

/** The host forwards otherwise than was known: tells of packets that were said never to have come out that they may have left by an interface that is not captured. */
export class Rerouted {
  readonly #about: Told & ByRoutes;
  /** How many changes of its routes were looked at. */
  #changes = 0;

  constructor(about: Told & ByRoutes) {
    this.#about = about;
  }

  /** Tells of them, where routes changed since it was asked last. */
  tell(): void {
    const { routes, impacts, teller } = this.#about;
    if (routes === undefined || routes.changes === this.#changes) return;
    this.#changes = routes.changes;
    teller.takeNews();
    for (const drop of impacts.open.all(({ verdict, reason }) => verdict === "dropped" && reason === "no-twin")) {
      const missing = `no packet like it came out on ${SIDE_NAMES[otherSide(drop.side)]}`;
      const routed = routedUnknownThen(this.#about, drop, missing);
      if (routed !== undefined) teller.tellDoubt(drop, { ...routed, verdict: "unknown" });
    }
  }
}
