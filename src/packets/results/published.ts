/** A port of the host's that stands for one of a container's: what `docker run -p` made. */
export interface Published {
  readonly proto: string;
  /** Those of the host's where it is published; `0.0.0.0` and `::` are all of an IP version. */
  readonly hostAddresses: readonly string[];
  readonly hostPort: number;
  /** The container's name. */
  readonly container: string;
  readonly containerPort: number;
  /** The docker-proxies that hold it. */
  readonly pids: readonly number[];
}

/** What went through a published port, as far as it was captured. */
export interface PublishedUse extends Published {
  /** How many flows a rule translated … */
  readonly translated: number;
  /** … and how many a proxy passed on … */
  readonly proxied: number;
  /** … and their ids, the first 100. */
  readonly flows: readonly number[];
  /** Packets to it that never got to the container. */
  readonly dropped: number;
  readonly refused: number;
}

/** What stands for all of the host's addresses of an address's IP version, where a port is published on all. */
export function everyAddress(address: string): string {
  return address.includes(":") ? "::" : "0.0.0.0";
}
