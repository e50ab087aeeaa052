import type { Adversary } from "../adversary.js";
import { background } from "../talk.js";

/** Scenarios of tunnels where natcorr opens none. */
export const TUNNELS: Readonly<Record<string, Adversary>> = {
  "said/vxlan-inside": {
    about: "what comes from inside is in VXLAN, which the host itself ends, and leaves without it",
    // what a tunnel carries inside is not read
    recall: null,
    findings: ["nothing-paired"],
    play(world) {
      world.inside.model.link = "vxlan";
      background(world, 4e9, 120);
      background(world, 4e9, 40, { isIpv6: true });
    },
  },
};
