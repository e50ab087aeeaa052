import { everyAddress, type Published } from "../../packets/results/published.js";
import { grouped } from "../grouped.js";

/** One end of a packet. */
export interface End {
  readonly address: string;
  readonly port: number | undefined;
}

/** The host's published ports, by either of their two ends; while packets are captured, there may be more. */
export class PortIndex {
  readonly #ports: { readonly all: readonly Published[] };
  #known: readonly Published[] = [];
  #byHostPort = new Map<string, readonly Published[]>();
  #byContainerPort = new Map<string, readonly Published[]>();
  #hostPorts: ReadonlySet<number> = new Set();
  #numbers: ReadonlySet<number> = new Set();

  /** `ports`: the same list as long as there are no others. */
  constructor(ports: { readonly all: readonly Published[] }) {
    this.#ports = ports;
  }

  get all(): readonly Published[] {
    return this.#ports.all;
  }

  /** Their numbers on the host. */
  get hostPorts(): ReadonlySet<number> {
    this.#refresh();
    return this.#hostPorts;
  }

  /** Whether any of them has this number, at either end. */
  has(port: number): boolean {
    this.#refresh();
    return this.#numbers.has(port);
  }

  /** What is published at an address and port of the host's, at any port where a capture cut that off. */
  at(proto: string, { address, port }: End): readonly Published[] {
    this.#refresh();
    const places = [address, everyAddress(address)];
    const published =
      port === undefined
        ? this.#known.filter((each) => each.proto === proto)
        : (this.#byHostPort.get(keyOf(proto, port)) ?? []);
    return published.filter(({ hostAddresses }) => places.some((place) => hostAddresses.includes(place)));
  }

  /** What is published at that port, but not at that address of the host's, where nothing is. */
  besides(proto: string, { address, port }: End): readonly Published[] {
    return port === undefined || this.at(proto, { address, port }).length > 0
      ? []
      : (this.#byHostPort.get(keyOf(proto, port)) ?? []);
  }

  /** What leads to a port of containers', of whichever of them. */
  to(proto: string, port: number | undefined): readonly Published[] {
    this.#refresh();
    return this.#byContainerPort.get(keyOf(proto, port)) ?? [];
  }

  #refresh(): void {
    if (this.#ports.all === this.#known) return;
    this.#known = this.#ports.all;
    this.#byHostPort = grouped(this.#known, ({ proto, hostPort }) => keyOf(proto, hostPort));
    this.#hostPorts = new Set(this.#known.map(({ hostPort }) => hostPort));
    this.#numbers = new Set(this.#known.flatMap(({ hostPort, containerPort }) => [hostPort, containerPort]));
    this.#byContainerPort = grouped(this.#known, ({ proto, containerPort }) => keyOf(proto, containerPort));
  }
}

function keyOf(proto: string, port: number | undefined): string {
  return `${proto} ${port}`;
}
