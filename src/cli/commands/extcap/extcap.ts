import { FilterError } from "../../../capture/errors.js";
import { printable } from "../../../packets/printable.js";
import { frameFilter } from "../../../pipeline/compile-filter.js";
import type { Host } from "../../host.js";
import { captureFor, type CaptureOptions, type LiveOptionsOf } from "./capture.js";
import { dialog } from "./dialog.js";
import { sentences } from "./sentences.js";

/**
 * What Wireshark asks of a program that captures for it, as commander gives it; doc/extcap.adoc of Wireshark 4 tells of these and of the sentences that it reads.
 */
export interface ExtcapOptions extends CaptureOptions {
  extcapInterfaces?: true;
  extcapDlts?: true;
  extcapConfig?: true;
  capture?: true;
}

/** What Wireshark calls the interface, in its preferences too. */
const NAME = "natcorr";
const HELP = "https://www.wireshark.org/docs/man-pages/extcap.html";

/**
 * `natcorr extcap`, which Wireshark runs: answers what it asks, or captures for it. Wireshark shows what stderr says as an error, once the capture has ended: so stderr says
 * nothing but errors.
 *
 * @returns the exit code, as of `pairLive`.
 * @throws CaptureError, or FilterError, as `pairLive` does.
 */
export async function extcap(options: ExtcapOptions, liveOptions: LiveOptionsOf, host: Host): Promise<number> {
  const { stdout, version } = host;
  if (options.capture === true) return captureFor(options, liveOptions, host);
  if (options.extcapInterfaces === true)
    stdout.write(
      sentences(
        ["extcap", { version, help: HELP, display: "natcorr" }],
        ["interface", { value: NAME, display: "Both sides of the NAT" }],
      ),
    );
  else if (options.extcapDlts === true)
    // each interface says its own in what is written
    stdout.write(sentences(["dlt", { number: "1", name: "EN10MB", display: "Ethernet" }]));
  else if (options.extcapConfig === true) stdout.write(sentences(...(await dialog(host))));
  else if (options.extcapCaptureFilter !== undefined) stdout.write(await filterProblem(options.extcapCaptureFilter));
  return 0;
}

/** What is wrong with a filter, in a line; nothing where nothing is. */
async function filterProblem(filter: string): Promise<string> {
  try {
    if (filter.trim() !== "") await frameFilter(filter);
    return "";
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return `${printable(error.message)}\n`;
  }
}
