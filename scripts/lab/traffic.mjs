// Traffic that the usual tools cannot make to order: UDP from a chosen port at a chosen instant, a slow TCP talker, a patient resolver.
// Every sender is bounded in count; the echo server ends with the process that started it.
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { parseArgs } from "node:util";

const usage = `traffic.mjs udp <address> <port> [--from port] [--text t | --size bytes] [--count n] [--every ms] [--at epoch-ms] [--connect]
traffic.mjs tcp <address> <port> [--text t | --size bytes] [--count n] [--every ms]
traffic.mjs ask <address> <port> --text name [--from port] [--every ms] [--count n] [--at epoch-ms]
                                      ask a resolver for A and AAAA from one socket, as glibc does, until both are answered
traffic.mjs echo <address> <port>     send every UDP datagram back
traffic.mjs resolve <address> <port> [name=alias=IPv4 address…]
                                      tell a resolver's clients whose alias these names are, and of any other that there is none`;

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
const [what, address, portText, ...known] = positionals;
const port = Number(portText);
const count = Number(values.count);
const atMs = Number(values.at);
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
  const begin = () => setTimeout(send, Math.max(0, atMs - Date.now()));
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

// A DNS query (RFC 1035 section 4.1): its ID, recursion desired, one question of class IN.
function query(id, type) {
  const labels = values.text.split(".").map((label) => Buffer.from(String.fromCharCode(label.length) + label));
  const [header, end] = [
    [0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    [0, 0, type, 0, 1],
  ];
  return Buffer.concat([Buffer.from(header), ...labels, Buffer.from(end)]);
}

/** Types of resource records: A and AAAA (RFC 1035, RFC 3596). */
const TYPES = [1, 28];

function ask() {
  const socket = udpSocket();
  const left = new Map(TYPES.map((type) => [type, query(type, type)]));
  let tries = 0;
  const ask = () => {
    for (const each of left.values()) socket.send(each, port, address);
    if (++tries === count) setTimeout(() => socket.close(), LINGER_MS);
    else timer = setTimeout(ask, everyMs);
  };
  // closer than a timer comes: two that ask at one instant are to meet in the kernel
  const begin = () => {
    while (performance.timeOrigin + performance.now() < atMs);
    ask();
  };
  let timer;
  socket.on("message", (answer) => {
    left.delete(answer[1]);
    if (left.size > 0) return;
    clearTimeout(timer);
    socket.close();
  });
  socket.bind(Number(values.from), () => setTimeout(begin, Math.max(0, atMs - 20 - Date.now())));
}

function answer(make) {
  const socket = udpSocket();
  socket.on("message", (datagram, from) => socket.send(make(datagram), from.port, from.address));
  socket.bind(port, address);
}

const echoed = (datagram) => datagram;

// A response, recursion available, with response code 3: the name does not exist.
function unresolved(datagram) {
  datagram[2] |= 0x80;
  datagram[3] = 0x83;
  return datagram;
}

/** Where a name's last byte stands that begins there, and the name. */
function nameAt(datagram, from) {
  const labels = [];
  let at = from;
  for (; datagram[at] > 0; at += 1 + datagram[at])
    labels.push(datagram.toString("latin1", at + 1, at + 1 + datagram[at]));
  return { name: labels.join("."), end: at };
}

function dnsName(name) {
  const labels = name.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

// Of one minute, RFC 1035 section 4.1.3.
function recordOf(owner, type, data) {
  return Buffer.concat([owner, Buffer.from([0, type, 0, 1, 0, 0, 0, 60, 0, data.length]), data]);
}

// An alias, and what has its address where IPv4 is asked for.
function resolved(datagram) {
  const question = 12;
  const { name, end } = nameAt(datagram, question);
  const [, alias, its] = known.map((each) => each.split("=")).find(([each]) => each === name) ?? [];
  if (its === undefined) return unresolved(datagram);
  const records = [recordOf(Buffer.from([0xc0, question]), 5, dnsName(alias))];
  if (datagram[end + 2] === 1) records.push(recordOf(dnsName(alias), 1, Buffer.from(its.split("."))));
  const asked = datagram.subarray(0, end + 5);
  asked.set([0x81, 0x80, 0, 1, 0, records.length, 0, 0, 0, 0], 2);
  return Buffer.concat([asked, ...records]);
}

if (what === "udp") sendUdp();
else if (what === "tcp") talkTcp();
else if (what === "ask") ask();
else if (what === "echo") answer(echoed);
else if (what === "resolve") answer(resolved);
else {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
