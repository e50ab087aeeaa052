import { ConntrackTable } from "../conntrack-table.js";
import { KeptDrops, KeptTrace } from "../trace/kept-trace.js";
import type { KnownHeard } from "./heard-news.js";

/** What a capture holds of what was heard of conntrack and of traces meanwhile; undefined where it has nothing of it. */
export class Heard {
  conntrack: ConntrackTable | undefined;
  trace: KeptTrace | undefined;
  drops: KeptDrops | undefined;

  take(news: KnownHeard): void {
    if (news.kind === "conntrack") {
      this.conntrack ??= new ConntrackTable();
      for (const heard of news.heard) this.conntrack.hear(heard);
    } else if (news.kind === "stopped") this.#traced().take(news.arrival, news.stop, news.timeNs);
    else if (news.kind === "trace") this.#traced().takeGaps(news.gaps);
    else if (news.kind === "let-go") this.#dropped().take(news.drop, news.timeNs);
    else this.#dropped().takeCounts(news.drops);
  }

  #traced(): KeptTrace {
    this.trace ??= new KeptTrace();
    return this.trace;
  }

  #dropped(): KeptDrops {
    this.drops ??= new KeptDrops();
    return this.drops;
  }
}
