import { unfollowedOf } from "../../host/snapshot/unfollowed.js";
import { printableJson } from "../../packets/printable.js";
import { DockerEngine } from "../../asking/docker-api.js";
import type { Host } from "../host.js";
import { Messages } from "../messages.js";
import { takeSnapshot } from "../../asking/take-snapshot.js";
import { untilAborted } from "../../asking/until.js";
import { widthOf } from "../width.js";

/**
 * `natcorr snapshot`: prints what the host knows now, as one JSON object. stderr says what is missing in it, and what of the host cannot be followed.
 *
 * @returns the exit code: 0, or 1 where somebody wanted an end before there was anything.
 */
export async function showSnapshot(docker: string | undefined, host: Host): Promise<number> {
  const engine = new DockerEngine(docker, host.env["DOCKER_HOST"]);
  const snapshot = await untilAborted(takeSnapshot(engine, host.version), host.stop);
  engine.close();
  if (snapshot === undefined) return 1;
  host.stdout.write(`${printableJson(snapshot, 2)}\n`);
  const messages = new Messages(host.stderr, widthOf(host.stderr, host.env));
  for (const { source, why } of snapshot.missing) messages.warn(`not in the snapshot: ${source}: ${why}`);
  if (snapshot.conntrack.more > 0)
    messages.warn(`not in the snapshot: ${snapshot.conntrack.more} more entries of conntrack`);
  for (const text of unfollowedOf(snapshot.docker?.engine)) messages.warn(text);
  return 0;
}
