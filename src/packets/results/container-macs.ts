/** Which MAC addresses are containers', for those who judge packets: what one of them sent, the host did not. */
export interface ContainerMacs {
  /** Whether a container has had the MAC address of that `macHash`; false of NO_MAC, and where nobody told. */
  isContainersMac(mac: number): boolean;
}

/** Where nobody says. */
export const NO_CONTAINER_MACS: ContainerMacs = { isContainersMac: () => false };
