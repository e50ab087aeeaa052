import { setTimeout as sleep } from "node:timers/promises";
import { KnownHost } from "../host/snapshot/known-host.js";
import { WHY_OFF_LINKS } from "../host/snapshot/unfollowed.js";
import type { DockerEngine } from "./docker-api.js";
import { KeptTools } from "./kept-tools.js";
import { OWN_TOOLS } from "./tools.js";
import { untilAborted } from "./until.js";
import type { Warns } from "./warns.js";
import { HostFollower } from "./host-follower.js";

/** So long the run waits for what the host says at its beginning: then it goes on, and goes by that as soon as it is known. */
const BEGIN_MS = 5000;

interface FollowOptions {
  /** Names of containers, or of services, that somebody asks for. */
  readonly container?: ReadonlySet<string>;
  /** The user that natcorr goes on as, where it does not stay root. */
  readonly relinquishPrivileges?: string | undefined;
}

/** The program that a host is followed for. */
interface FollowedFor {
  readonly version: string;
  /** Aborted when it is to end. */
  readonly stop: AbortSignal;
}

/**
 * Follows the host that natcorr runs on, as the options say, having waited for what it says first; no longer than for a moment. `isKept`: all that it says
 * is kept, once somebody says where (`keepIn`).
 */
export async function followHost(
  { container, relinquishPrivileges }: FollowOptions,
  engine: DockerEngine,
  isKept: boolean,
  { version, stop }: FollowedFor,
  messages: Warns,
): Promise<HostFollower> {
  const tools = relinquishPrivileges === undefined ? OWN_TOOLS : new KeptTools();
  const follower = new HostFollower(new KnownHost(container), { engine, version, isKept, messages, tools });
  const begun = sleep(BEGIN_MS, "late", { ref: false });
  if ((await untilAborted(Promise.race([follower.begin(), begun]), stop)) === "late")
    messages.warn("the host has not answered yet: what it says is gone by once it has");
  const { containers } = follower.known;
  const { words } = containers;
  for (const word of container ?? [])
    if (!words.has(word)) {
      const there = [...words].join(", ") || "none";
      messages.warn(
        containers.isRunning(word)
          ? `'${word}' runs, and has no address that natcorr can follow (${WHY_OFF_LINKS}); with one are: ${there}`
          : `no container, and no service, is called '${word}' yet; there are: ${there}`,
      );
    }
  return follower;
}
