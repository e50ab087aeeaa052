import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CaptureError, notWritten } from "../capture/errors.js";
import type { Host } from "./host.js";

/** Wireshark's folder of personal Lua plugins, from the home directory on (Wireshark User's Guide, "Plugin folders"; not on Windows). */
const PLUGINS = ".local/lib/wireshark/plugins";

/**
 * `natcorr wireshark`: prints where the dissector is that makes fields of natcorr's comments; with `isInstalled`, puts it where Wireshark and tshark load it from.
 *
 * @throws CaptureError where it cannot be put there.
 */
export function showDissector({ stdout, env, dissector }: Host, isInstalled: boolean): void {
  stdout.write(`${isInstalled ? install(dissector, env["HOME"]) : dissector}\n`);
}

function install(dissector: string, home: string | undefined): string {
  if (home === undefined) throw new CaptureError("HOME is not set, so Wireshark's folder of plugins is not known");
  const folder = join(home, PLUGINS);
  const path = join(folder, "natcorr.lua");
  try {
    mkdirSync(folder, { recursive: true });
    copyFileSync(dissector, path);
  } catch (error) {
    throw notWritten(path, error);
  }
  return path;
}
