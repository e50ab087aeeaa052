import type { Adversary } from "./adversary.js";
import { CAPTURES } from "./scenarios/captures.js";
import { CAUSALITY } from "./scenarios/causality.js";
import { CLOCKS } from "./scenarios/clocks.js";
import { CONNECTIONS } from "./scenarios/connections.js";
import { EVERYDAY } from "./scenarios/everyday.js";
import { FRAGMENTS } from "./scenarios/fragments.js";
import { HANDSHAKES } from "./scenarios/handshakes.js";
import { LIKENESS } from "./scenarios/likeness.js";
import { PROCESSORS } from "./scenarios/processors.js";
import { PROTOCOLS } from "./scenarios/protocols.js";
import { QUEUES } from "./scenarios/queues.js";
import { REWRITING } from "./scenarios/rewriting.js";
import { STRANGERS } from "./scenarios/strangers.js";
import { TUNNELS } from "./scenarios/tunnels.js";
import { VERSIONS } from "./scenarios/versions.js";

/**
 * Every capture pair that was made up against natcorr, by name: `wrong/` those that led to wrong pairs, `said/` to
 * statements that were false, `recall/` those of which too little was found.
 */
export const ADVERSARIES: ReadonlyMap<string, Adversary> = new Map(
  Object.entries({
    ...CAPTURES,
    ...CAUSALITY,
    ...CLOCKS,
    ...CONNECTIONS,
    ...EVERYDAY,
    ...FRAGMENTS,
    ...HANDSHAKES,
    ...LIKENESS,
    ...PROCESSORS,
    ...PROTOCOLS,
    ...QUEUES,
    ...REWRITING,
    ...STRANGERS,
    ...TUNNELS,
    ...VERSIONS,
  }).sort(([a], [b]) => (a < b ? -1 : 1)),
);
