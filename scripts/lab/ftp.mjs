// An FTP control connection in active mode, as far as a connection tracking helper looks at it: `serve` answers every line on
// port 21 of all addresses, `talk <server> <own address>` sends commands with its own address in them, and ends.
import { connect, createServer } from "node:net";

const [what, server, own] = process.argv.slice(2);
/** Ports that the client claims to listen on; nobody connects. */
const PORTS = [40_000, 1_025, 50_001];

function commands() {
  const address = own.replaceAll(".", ",");
  const active = PORTS.flatMap((port) => [`PORT ${address},${port >> 8},${port & 255}`, "NOOP"]);
  return ["USER anonymous", "PASS lab", ...active, `EPRT |1|${own}|40002|`, "STAT", "QUIT"];
}

function talk() {
  const left = commands();
  const socket = connect(21, server);
  socket.setNoDelay(true);
  socket.setEncoding("ascii");
  socket.on("data", () => {
    const command = left.shift();
    if (command === undefined) socket.end();
    else socket.write(`${command}\r\n`);
  });
}

function serve() {
  createServer((socket) => {
    socket.setNoDelay(true);
    socket.setEncoding("ascii");
    socket.write("220 natcorr lab\r\n");
    socket.on("data", (line) =>
      socket.write(line.startsWith("QUIT") ? "221 Goodbye.\r\n" : `200 ${line.slice(0, 4).trim()} okay.\r\n`),
    );
    socket.on("error", () => socket.destroy());
  }).listen(21);
}

if (what === "serve") serve();
else talk();
