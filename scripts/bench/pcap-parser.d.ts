/** pcap-parser 0.2.1 brings no types; this is what the benchmark uses of it. */
declare module "pcap-parser" {
  import type { EventEmitter } from "node:events";

  export function parse(path: string): EventEmitter;
}
