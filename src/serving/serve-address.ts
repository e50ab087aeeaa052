import { isIP, isIPv6 } from "node:net";
import { InvalidArgumentError } from "commander";

const LOOPBACK = "127.0.0.1";
const MOST_PORT = 65_535;
/** `8080`, `192.0.2.1:8080`, `[::1]:8080` */
const ADDRESSED = /^(?:\[(?<v6>[^\]]*)\]:|(?<v4>[^:[\]]*):)?(?<port>\d+)$/;

/** Where a page is served. */
export interface ServeAddress {
  readonly address: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** Parses an option's value: a port, on loopback, or an address and a port. */
export function serveAddress(text: string): ServeAddress {
  const { v6, v4, port = "" } = ADDRESSED.exec(text)?.groups ?? {};
  const address = v6 ?? v4 ?? LOOPBACK;
  // a browser knows no zone of a link-local address
  const isAddress = isIP(address) !== 0 && isIPv6(address) === (v6 !== undefined) && !address.includes("%");
  if (port === "" || !isAddress)
    throw new InvalidArgumentError("It must be a port, or an address and a port: 8080, 192.0.2.1:8080 or [::1]:8080.");
  if (Number(port) > MOST_PORT) throw new InvalidArgumentError(`A port is ${MOST_PORT} at the most.`);
  return { address, port: Number(port) };
}

/** An address and a port, as an URL has them. */
export function hostText({ address, port }: ServeAddress): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
