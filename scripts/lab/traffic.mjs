// Traffic that the usual tools cannot make to order: UDP from a chosen port at a chosen instant, and a slow TCP talker.
// Every sender is bounded in count; the echo server ends with the process that started it.
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { parseArgs } from "node:util";

const usage = `traffic.mjs udp <address> <port> [--from port] [--text t | --size bytes] [--count n] [--every ms] [--at epoch-ms] [--connect]
traffic.mjs tcp <address> <port> [--text t | --size bytes] [--count n] [--every ms]
traffic.mjs echo <address> <port>     send every UDP datagram back`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: "string", default: "0" },
    text: { type: "string" },
    size: { type: "string", default: "16" },
    count: { type: "string", default: "1" },
    every: { type: "string", default: "100" },
    at: { type: "string", default: "0" },
    connect: { type: "boolean", default: false },
  },
});
const [what, address, portText] = positionals;
const port = Number(portText);
const count = Number(values.count);
const everyMs = Number(values.every);
/** How long to listen for answers after the last datagram, milliseconds. */
const LINGER_MS = 300;

// With --text every message is the same; otherwise each carries its number, and is padded to its size.
function message(number) {
  if (values.text !== undefined) return Buffer.from(values.text);
  return Buffer.from(`${number} `.padEnd(Number(values.size), "."));
}

function udpSocket() {
  return createSocket(isIPv6(address) ? "udp6" : "udp4");
}

function sendUdp() {
  const socket = udpSocket();
  let sent = 0;
  const send = () => {
    if (values.connect) socket.send(message(sent));
    else socket.send(message(sent), port, address);
    if (++sent < count) setTimeout(send, everyMs);
    else setTimeout(() => socket.close(), LINGER_MS);
  };
  const begin = () => setTimeout(send, Math.max(0, Number(values.at) - Date.now()));
  socket.on("error", () => {}); // an ICMP error that came back; the next datagram goes out all the same
  socket.bind(Number(values.from), () => (values.connect ? socket.connect(port, address, begin) : begin()));
}

function talkTcp() {
  const socket = connect(port, address);
  socket.setNoDelay(true);
  socket.resume();
  let sent = 0;
  const talk = () => {
    socket.write(message(sent));
    if (++sent < count) setTimeout(talk, everyMs);
    else socket.end();
  };
  socket.on("connect", talk);
  socket.on("error", () => process.exit(1));
  // A reset, so that no forgotten connection sends its last bytes again during the next recording.
  process.on("SIGTERM", () => socket.resetAndDestroy().on("close", () => process.exit(0)));
}

function echo() {
  const socket = udpSocket();
  socket.on("message", (datagram, from) => socket.send(datagram, from.port, from.address));
  socket.bind(port, address);
}

if (what === "udp") sendUdp();
else if (what === "tcp") talkTcp();
else if (what === "echo") echo();
else {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
