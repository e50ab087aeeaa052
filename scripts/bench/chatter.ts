import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";

/** Where the answerer listens: UDP and TCP. */
export const PORT = 7000;
/** Nothing listens there. */
const CLOSED_PORT = 9;
/** For the lab to drop: nothing that is sent there arrives. */
export const DROPPED_PORT = 5555;

/** What one chatter begins each second: conversations by UDP and by TCP, a ping of five, a datagram in vain to each of two ports. */
const UDP_A_SECOND = 50;
const TCP_A_SECOND = 15;
const TICKS_A_SECOND = 5;
const PINGS = 5;
const TALK_EVERY_MS = 20;
const PATIENCE_MS = 2000;

/** First byte of a message that wants this much of an answer, and no more after it; others want none. */
const QUESTION = "?";
const ANSWER = Buffer.alloc(2000, "!");

/**
 * Talks with an answerer for so many seconds, at about 450 packets a second: one TCP connection that stays, and ever new ones, UDP
 * from ever new ports and pings with ever new ids, all over within two seconds. Some packets are sent in vain.
 */
export async function chatter(address: string, seconds: number): Promise<void> {
  const talk = connect(PORT, address);
  talk.setNoDelay(true);
  const talking = setInterval(() => talk.write("talk"), TALK_EVERY_MS);
  for (let tick = 0; tick < seconds * TICKS_A_SECOND; tick++) {
    for (let i = 0; i < UDP_A_SECOND / TICKS_A_SECOND; i++) askByUdp(address);
    for (let i = 0; i < TCP_A_SECOND / TICKS_A_SECOND; i++) askByTcp(address);
    if (tick % TICKS_A_SECOND === 0) {
      spawn("ping", ["-q", "-i", "0.2", "-c", String(PINGS), address], { stdio: "ignore" });
      for (const port of [CLOSED_PORT, DROPPED_PORT]) sendInVain(address, port);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 / TICKS_A_SECOND));
  }
  clearInterval(talking);
  talk.end();
}

/** Answers chatters from an address of this host, until it is ended. Says on standard error that it listens. */
export function answerer(address: string): void {
  const udp = createSocket("udp4");
  udp.on("message", (datagram, from) => udp.send(datagram, from.port, from.address));
  const tcp = createServer((connection) => {
    connection.on("data", (message) => {
      if (message.toString("latin1", 0, 1) === QUESTION) connection.end(ANSWER);
    });
    connection.on("error", () => connection.destroy());
  });
  udp.bind(PORT, address, () => tcp.listen(PORT, address, () => process.stderr.write(`listening on port ${PORT}\n`)));
}

/** Two questions, the second once the first is answered. */
function askByUdp(address: string): void {
  const socket = createSocket("udp4");
  const patience = setTimeout(() => socket.close(), PATIENCE_MS);
  let answers = 0;
  socket.on("message", () => {
    if (++answers === 1) {
      socket.send("and again?", PORT, address);
      return;
    }
    clearTimeout(patience);
    socket.close();
  });
  socket.send("are you there?", PORT, address);
}

function askByTcp(address: string): void {
  const socket = connect(PORT, address, () => socket.write(QUESTION));
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.resume();
}

function sendInVain(address: string, port: number): void {
  const socket = createSocket("udp4");
  socket.on("error", () => {}); // the refusal that is hoped for
  socket.send("is anybody there?", port, address, () => socket.close());
}
