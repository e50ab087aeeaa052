import type { PacketSource } from "../packets/packets.js";

/** What a capture left out or could not show, one text a kind with its count; to be said once it has been read. */
export function losses({ name, tally, captureDropped }: PacketSource): string[] {
  const texts: string[] = [];
  if (captureDropped > 0) {
    texts.push(`${name}: ${frames(captureDropped)} lost while capturing, by the capture's own count`);
  }
  if (tally.cut > 0) {
    texts.push(`${name}: ${frames(tally.cut)} cut by the snaplen; their pairs rest on what is left of them`);
  }
  for (const [reason, { count, firstFrame }] of tally.reasons) {
    texts.push(`${name}: ${frames(count)} undecodable, the first is frame ${firstFrame}: ${reason}`);
  }
  return texts;
}

function frames(count: number): string {
  return count === 1 ? "1 frame" : `${count} frames`;
}
