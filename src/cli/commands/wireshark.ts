import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CaptureError, messageOf, notWritten } from "../../capture/errors.js";
import { printable } from "../../packets/printable.js";
import type { Host } from "../host.js";

/** What everybody may run, and read. */
const RUNNABLE = 0o755;
const READABLE = 0o644;
/** Of Wireshark's profile, what natcorr has: Wireshark itself writes more beside it. */
const PROFILE_FILES = ["colorfilters", "preferences", "recent"];

/** A file that Wireshark goes by. */
interface Installed {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
  /** Whether it is the user's once it is there: Wireshark writes to it what the user changes. */
  readonly isUsers: boolean;
}

/** Prints where the dissector is that makes fields of natcorr's comments. */
export function showDissector({ stdout, dissector }: Host): void {
  stdout.write(`${dissector}\n`);
}

/**
 * Has Wireshark and tshark make fields of natcorr's comments, capture by natcorr, and know a profile with columns and colours for both: puts files into the user's folders, and prints which.
 *
 * @throws CaptureError where one cannot be put there.
 */
export function install(host: Host): void {
  for (const { path, content, mode, isUsers } of filesFor(host)) {
    if (isUsers && existsSync(path) && !readFileSync(path).equals(content)) {
      sayKept(path, host);
      continue;
    }
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      chmodSync(path, mode);
    } catch (error) {
      throw notWritten(path, error);
    }
    host.stdout.write(`${path}\n`);
  }
}

/**
 * Takes away what `install` put there, and prints it; the user's changes to the profile stay.
 *
 * @throws CaptureError where one cannot be taken away.
 */
export function uninstall(host: Host): void {
  for (const { path, content, isUsers } of filesFor(host)) {
    if (!existsSync(path)) continue;
    if (isUsers && !readFileSync(path).equals(content)) {
      sayKept(path, host);
      continue;
    }
    try {
      rmSync(path);
    } catch (error) {
      throw new CaptureError(`${path}: cannot be removed: ${messageOf(error)}`);
    }
    host.stdout.write(`${path}\n`);
    removeEmpty(dirname(path));
  }
}

/**
 * Wireshark's folders for a user's own files, not on Windows: as of "Files and Folders" in its User's Guide, and filesystem.c. Up to 4.0, programs that capture lie beside its settings;
 * from 4.2 on, beside its plugins. Each version looks into one of these alone.
 */
function filesFor({ env, dissector, profile, command }: Host): Installed[] {
  const home = env["HOME"];
  if (!home) throw new CaptureError("HOME is not set, so Wireshark's folders are not known");
  const libraries = join(home, ".local/lib/wireshark");
  const settings = settingsIn(home, env);
  const launcher = Buffer.from(launcherOf(command));
  return [
    { path: join(libraries, "plugins/natcorr.lua"), content: readFileSync(dissector), mode: READABLE, isUsers: false },
    ...[libraries, settings].map((folder) => ({
      path: join(folder, "extcap/natcorr"),
      content: launcher,
      mode: RUNNABLE,
      isUsers: false,
    })),
    ...PROFILE_FILES.map((name) => ({
      path: join(settings, "profiles/natcorr", name),
      content: readFileSync(join(profile, name)),
      mode: READABLE,
      isUsers: true,
    })),
  ];
}

/** An old one goes on being used where there is no newer one. */
function settingsIn(home: string, env: Host["env"]): string {
  const named = env["WIRESHARK_CONFIG_DIR"];
  if (named) return named;
  const newer = join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "wireshark");
  const older = join(home, ".wireshark");
  return !isFolder(newer) && isFolder(older) ? older : newer;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** What Wireshark runs: this natcorr, by this Node. */
function launcherOf(command: readonly string[]): string {
  const words = command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
  return `#!/bin/sh\n# natcorr wireshark --install wrote this, and --uninstall removes it.\nexec ${words.join(" ")} extcap "$@"\n`;
}

function sayKept(path: string, { stderr }: Host): void {
  stderr.write(`natcorr: ${printable(path)} is another one than natcorr's, and is left as it is\n`);
}

/** Wireshark may keep more in a folder. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // then it stays
  }
}
