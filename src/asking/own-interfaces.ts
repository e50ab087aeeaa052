import { setTimeout as sleep } from "node:timers/promises";
import { listInterfaces } from "../capture/live/open.js";
import { CaptureError } from "../capture/errors.js";
import { isPodman } from "../host/snapshot/docker.js";
import { listAt, parseJson, textAt } from "../host/snapshot/json.js";
import { INSIDE, OUTSIDE, type SideNames } from "../packets/sides.js";
import type { DockerEngine } from "./docker-api.js";
import { failureText, printed } from "./tools.js";

/** So long the end of a run waits for what there is by then. */
const MOST_MS = 3000;
/** The names that Docker gives its bridges by default (libnetwork, drivers/bridge). */
const DOCKER_BRIDGE = /^(docker0|br-[0-9a-f]{12})$/;

/** What to capture from where nobody says it, and how that was found out, in words. */
export interface OwnInterfaces {
  readonly names: SideNames;
  readonly how: string;
}

/**
 * Docker's bridges, as the engine says, and the interfaces of this host's default routes, in whichever routing table: those that are up. A side of which
 * interfaces are given has these, and they are not the other one's.
 *
 * @throws CaptureError where there are none of either.
 */
export async function ownInterfaces(engine: DockerEngine, given: SideNames = [[], []]): Promise<OwnInterfaces> {
  const up = (await listInterfaces()).filter(({ isUp, isLoopback }) => isUp && !isLoopback).map(({ name }) => name);
  const { bridges, how } = await bridgesIn(up, engine);
  const routed = await defaultRoutes();
  const free = up.filter((name) => !given.flat().includes(name)).sort();
  const inside = given[INSIDE].length > 0 ? given[INSIDE] : free.filter((name) => bridges.has(name));
  const outside =
    given[OUTSIDE].length > 0 ? given[OUTSIDE] : free.filter((name) => routed.has(name) && !bridges.has(name));
  const advice = "name the interfaces: natcorr live <inside-if,…> <outside-if,…>; natcorr interfaces lists them";
  if (inside.length === 0) throw new CaptureError(`no bridge of containers is up (${how}); ${advice}`);
  if (outside.length === 0) throw new CaptureError(`no interface has a default route; ${advice}`);
  return { names: [inside, outside], how: `${how}; interfaces of default routes` };
}

/** The interfaces that `ownInterfaces` would take by now, and that are not captured; none where that cannot be told in time. */
export async function takenByNow(engine: DockerEngine, captured: readonly string[]): Promise<string[]> {
  const late = sleep(MOST_MS, undefined, { ref: false });
  const now = await Promise.race([ownInterfaces(engine), late]).catch(() => undefined);
  return (now?.names.flat() ?? []).filter((name) => !captured.includes(name));
}

/** Whether a word of the command line names interfaces, or libpcap's `any`: one of its names must be one. */
export async function namesInterface(names: readonly string[]): Promise<boolean> {
  const known = new Set((await listInterfaces()).map(({ name }) => name));
  return names.some((name) => known.has(name) || name === "any");
}

/** The bridges of Docker's networks; where Docker does not say them, those of these interfaces that are called so. */
async function bridgesIn(
  interfaces: readonly string[],
  engine: DockerEngine,
): Promise<{ readonly bridges: ReadonlySet<string>; readonly how: string }> {
  try {
    const { networks, engine: by } = await engine.facts();
    const name = isPodman(by) ? "Podman" : "Docker";
    return {
      bridges: new Set(networks.flatMap(({ bridge }) => bridge ?? [])),
      how: `the bridges of ${name}'s networks${by.isRootless ? `: ${name} is rootless, and has them in a namespace of its user's` : ""}`,
    };
  } catch (error) {
    const named = interfaces.filter((name) => DOCKER_BRIDGE.test(name));
    return { bridges: new Set(named), how: `bridges by their names, as Docker does not say: ${failureText(error)}` };
  }
}

/** The interfaces that have a default route, over either IP version. */
async function defaultRoutes(): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const version of ["-4", "-6"]) {
    const text = await printed("ip", "-j", version, "route", "show", "table", "all", "default").catch(
      (error: unknown) => {
        throw new CaptureError(`the default routes cannot be read: ip: ${failureText(error)}; name the interfaces`);
      },
    );
    for (const route of listAt(parseJson(text === "" ? "[]" : text)))
      for (const hop of [route, ...listAt(route, "nexthops")]) names.add(textAt(hop, "dev") ?? "");
  }
  return names;
}
