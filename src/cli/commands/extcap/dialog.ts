import { listInterfaces } from "../../../capture/live/open.js";
import type { SideNames } from "../../../packets/sides.js";
import { MOST_SNAPLEN } from "../../../protocols/link-types.js";
import { DockerEngine } from "../../../asking/docker-api.js";
import { ownInterfaces } from "../../../asking/own-interfaces.js";
import type { Host } from "../../host.js";
import type { Sentence } from "./sentences.js";

/** Whoever opens the dialog waits for the answer. */
const SOON_MS = 500;

/** A question of the dialog, in Wireshark's words, and what may be chosen. */
interface Question {
  readonly call: string;
  readonly display: string;
  readonly tooltip: string;
  readonly type: string;
  readonly default?: string;
  readonly range?: string;
  readonly choices?: readonly Choice[];
}

interface Choice {
  readonly value: string;
  readonly display: string;
  readonly isDefault?: boolean;
}

/** Questions that are the same on each host. */
const OF_ALL: readonly Question[] = [
  {
    call: "--container",
    display: "Containers",
    type: "string",
    tooltip: "Only the packets of these, with commas between. None: all packets.",
  },
  {
    call: "--window",
    display: "Window",
    type: "string",
    default: "1s",
    tooltip:
      "How far apart in time twins may be: a packet is shown once it is known what became of it, so much later at the latest.",
  },
  {
    call: "--host",
    display: "Host",
    type: "selector",
    tooltip: "Whether to ask the host who its containers are, and what it dropped.",
    choices: [
      { value: "live", display: "ask", isDefault: true },
      { value: "off", display: "do not ask" },
    ],
  },
  {
    call: "--rules",
    display: "Go by the firewall's rules",
    type: "boolflag",
    default: "false",
    tooltip: "natcorr live --rules live; takes root",
  },
  {
    call: "--conntrack",
    display: "Go by conntrack",
    type: "boolflag",
    default: "false",
    tooltip: "natcorr live --conntrack live; takes root",
  },
  {
    call: "--snaplen",
    display: "Bytes kept of a frame",
    type: "unsigned",
    range: `0,${MOST_SNAPLEN}`,
    default: "0",
    tooltip: "0: all",
  },
];

/** What the dialog asks: an option each, with the interfaces that there are now. */
export async function dialog(host: Host): Promise<Sentence[]> {
  const [inside, outside] = await taken(host);
  const interfaces = (await listInterfaces()).filter(({ isLoopback }) => !isLoopback);
  const choicesOf = (usual: readonly string[]): Choice[] =>
    interfaces.map(({ name, addresses, isUp }) => {
      const facts = [...addresses, ...(isUp ? [] : ["down"]), ...(usual.includes(name) ? ["automatic"] : [])];
      return { value: name, display: [name, ...facts].join("  ") };
    });
  const sides: readonly Question[] = [
    {
      call: "--inside",
      display: "Inside",
      tooltip: "The side of the containers. None: the bridges of Docker's networks.",
      type: "multicheck",
      choices: choicesOf(inside),
    },
    {
      call: "--outside",
      display: "Outside",
      tooltip: "The uplink. None: the interfaces of the default routes.",
      type: "multicheck",
      choices: choicesOf(outside),
    },
  ];
  return [...sides, ...OF_ALL].flatMap(asked);
}

/** A question, by its place among all of them, and its choices. */
function asked({ choices = [], ...question }: Question, at: number): Sentence[] {
  const number = String(at);
  return [
    ["arg", { number, ...question }],
    ...choices.map(({ value, display, isDefault = false }): Sentence => {
      return ["value", { arg: number, value, display, default: String(isDefault) }];
    }),
  ];
}

/** The interfaces that are taken where none are chosen, as far as that is known soon. */
async function taken({ env }: Host): Promise<SideNames> {
  const engine = new DockerEngine(undefined, env["DOCKER_HOST"], SOON_MS);
  try {
    return (await ownInterfaces(engine)).names;
  } catch {
    return [[], []];
  } finally {
    engine.close();
  }
}
