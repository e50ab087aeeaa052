import { listInterfaces } from "../../capture/live/open.js";
import { printable } from "../../packets/printable.js";
import { table, type TableColumn } from "../../report/text/table.js";
import type { Output } from "../host.js";

const COLUMNS: readonly TableColumn[] = [
  { heading: "interface", align: "left" },
  { heading: "state", align: "left" },
  { heading: "addresses", align: "left" },
];

/** `natcorr interfaces`: what `natcorr live` can capture from. Throws CaptureError where libpcap is missing. */
export async function showInterfaces(stdout: Output): Promise<void> {
  const rows = (await listInterfaces()).map(({ name, isUp, addresses }) => [
    printable(name),
    isUp ? "up" : "down",
    addresses.join(" "),
  ]);
  stdout.write(table(COLUMNS, rows));
}
