/** Byte offsets in the header, RFC 768. */
export const LENGTH = 4;
export const HEADER_BYTES = 8;

/** Where traceroute's datagrams go: three for each of 30 hops (traceroute(8)) … */
const TRACEROUTE_PORTS = 33_434;
const TRACEROUTE_COUNT = 90;
/** … and tracepath's, which come round again (tracepath(8); iputils: tracepath.c). */
const TRACEPATH_PORTS = 44_444;
const TRACEPATH_COUNT = 64;

/** Whether datagrams of traceroute's go to a port. */
export function isTraceroute(port: number): boolean {
  return port >= TRACEROUTE_PORTS && port < TRACEROUTE_PORTS + TRACEROUTE_COUNT;
}

/** Whether whoever sends to a port may trace the route: nobody is to listen there. */
export function isTraced(port: number): boolean {
  return isTraceroute(port) || (port >= TRACEPATH_PORTS && port < TRACEPATH_PORTS + TRACEPATH_COUNT);
}
