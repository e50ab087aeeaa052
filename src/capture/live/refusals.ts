import { CaptureError } from "../errors.js";
import type { NetworkInterface } from "./interfaces.js";

/** What pcap_activate returns; pcap/pcap.h. */
const NO_SUCH_DEVICE = -5;
const PERMISSION_DENIED = -8;
const INTERFACE_NOT_UP = -9;
const PROMISCUOUS_DENIED = -11;

const PERMISSION_MENDED = [
  "run natcorr as root",
  "or let node capture: sudo setcap cap_net_raw,cap_net_admin=eip $(readlink -f $(which node))",
  'or only this run: sudo setpriv --reuid "$(id -u)" --regid "$(id -g)" --init-groups --inh-caps +net_raw --ambient-caps +net_raw natcorr live …',
  "or, in a container, start it with --cap-add NET_RAW --network host",
];

/** What libpcap returned as it opened an interface, and its own explanation. */
interface Refused {
  readonly name: string;
  readonly status: number;
  readonly text: string;
  /** The kernel looks at the permission first, so it refuses what is not there as well. */
  readonly isThere: boolean;
}

/** Why libpcap did not open an interface, and the command that mends it. */
export function refusal({ name, status, text, isThere }: Refused, known: readonly NetworkInterface[]): CaptureError {
  switch (isThere ? status : NO_SUCH_DEVICE) {
    case NO_SUCH_DEVICE:
      return new CaptureError(
        `${name}: there is no such interface; there are ${known.map((one) => one.name).join(", ")}`,
      );
    case INTERFACE_NOT_UP:
      return new CaptureError(`${name}: the interface is down; ip link set ${name} up`);
    case PERMISSION_DENIED:
    case PROMISCUOUS_DENIED:
      return new CaptureError(`${name}: no permission to capture`, PERMISSION_MENDED);
    default:
      return new CaptureError(`${name}: cannot be captured from: ${text}`);
  }
}
