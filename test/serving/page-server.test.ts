import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { PageServer } from "../../src/serving/page-server.js";
import { ServedPage } from "../../src/serving/served-page.js";
import type { PageFacts } from "../../src/report/html/page-report.js";

const TEMPLATE = fileURLToPath(new URL("../../dist/report.html", import.meta.url));
const FACTS: PageFacts = { text: { answer: "", published: "", totals: "", names: "" }, strip: {} };
const MOST_CONNECTIONS = 16;
const MOST_WAITING = 4;

let page: ServedPage;
let server: PageServer;
let url: URL;
let looks: number;
const sockets: Socket[] = [];

/** A run that can be looked at. */
function begin(): void {
  const report = {
    soFar: () => {
      looks++;
      return { facts: FACTS, records: [Buffer.from(`{"look":${looks}}\n`)] };
    },
  };
  page.begin(report, () => {
    throw new Error("the report looks by itself");
  }, ["it was said"]);
}

beforeEach(async () => {
  looks = 0;
  page = new ServedPage(TEMPLATE);
  server = await PageServer.listen({ address: "127.0.0.1", port: 0 }, page);
  url = new URL(server.url);
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(path: string, { method = "GET", host = url.host } = {}): Promise<Answer> {
  const asked = request({ host: "127.0.0.1", port: url.port, path, method, headers: { host } }).end();
  const [response] = await once(asked, "response");
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) };
}

const own = (name: string): Promise<Answer> => ask(`${url.pathname}${name}`);
const linesOf = ({ body }: Answer): { [name: string]: unknown }[] =>
  gunzipSync(body)
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

/** A connection that sends something. */
async function sending(text: string): Promise<Socket> {
  const socket = connect(Number(url.port), "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

const get = (name: string): string => `GET ${url.pathname}${name} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;

it("serves the page at an address that nobody can guess, to be kept, framed and read by nobody else", async () => {
  const other = await PageServer.listen({ address: "127.0.0.1", port: 0 }, page);
  const tokens = [server, other].map((each) => new URL(each.url).pathname);
  other.close();
  expect(tokens[0]).not.toBe(tokens[1]);
  for (const token of tokens) expect(token).toMatch(/^\/[\w-]{43}\/$/);
  const { status, headers, body } = await own("");
  expect(status).toBe(200);
  expect(body.equals(page.html)).toBe(true);
  expect(headers["content-security-policy"]).toMatch(
    /^default-src 'none'; connect-src 'self'; script-src 'sha256-[^' ]+'; style-src 'sha256-[^' ]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  expect(page.html.toString()).toContain(`content="${page.policy}"`);
  expect(headers).toMatchObject({ "cache-control": "no-store", "referrer-policy": "no-referrer" });
  expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
});

it.each([
  "/",
  "/favicon.ico",
  "/x/",
  "//",
  "/../",
  "*",
  "TOKEN",
  "TOKENx/",
  "TOKEN/x",
  "TOKEN//",
  "TOKEN/?after=0",
  "TOKEN/state",
  "TOKEN/state?after=-1",
  "TOKEN/state?after=0&after=1",
  "TOKEN/records",
  "TOKEN/records?after=end",
  "TOKEN/records?after=1",
  "TOKEN/records?after=1e1",
  "TOKEN/%2e%2e/",
])("serves nothing at %s", async (path) => {
  const { status, headers, body } = await ask(path.replace("TOKEN", url.pathname.slice(0, -1)));
  expect(status).toBe(404);
  expect(body).toHaveLength(0);
  expect(headers["content-security-policy"]).toBe("default-src 'none'");
});

it("takes no token that is nearly right", async () => {
  for (let at = 1; at < url.pathname.length - 1; at++) {
    const letter = url.pathname[at] === "A" ? "B" : "A";
    const path = `${url.pathname.slice(0, at)}${letter}${url.pathname.slice(at + 1)}`;
    expect((await ask(path)).status).toBe(404);
  }
});

it.each(["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])("answers no %s", async (method) => {
  const { status, headers } = await ask(url.pathname, { method });
  expect(status).toBe(405);
  expect(headers.allow).toBe("GET");
});

it.each([
  "evil.example",
  "evil.example:8080",
  "127.0.0.1.evil.example",
  "localhost.evil.example:80",
  "[evil]",
  "127.1",
  "2130706433",
])("answers nobody who calls it '%s': a name may lead anywhere", async (host) => {
  expect((await ask(url.pathname, { host })).status).toBe(421);
});

it.each(["localhost", "LOCALHOST:9", "127.0.0.1", "127.0.0.1:9000", "[::1]:9000", "[::1]", "192.0.2.7:80"])(
  "answers who calls it %s, as a tunnel may",
  async (host) => {
    expect((await ask(url.pathname, { host })).status).toBe(200);
  },
);

it("says how the run stands, once for all who ask within a second, and waits for what is newer", async () => {
  const early = own("state?after=0");
  begin();
  page.records.add(Buffer.from('{"type":"header"}\n'));
  const [facts, look] = linesOf(await early);
  expect(facts).toMatchObject({ type: "facts", version: 1, upTo: 18, isOver: false, said: ["it was said"], ...FACTS });
  expect(look).toEqual({ look: 1 });
  const [one, other] = (await Promise.all([own("state?after=1"), own("state?after=1")])).map(linesOf);
  expect(one).toEqual(other);
  expect(one[0]).toMatchObject({ version: 2 });
  expect(looks).toBe(2);
  expect((await own("records?after=0")).body.toString()).toBe('{"type":"header"}\n');
  expect((await own("records?after=18")).body).toHaveLength(0);
});

it("looks at the run only while somebody asks", async () => {
  begin();
  await own("state?after=0");
  // whoever waits for the end asks for nothing else
  const end = own("state?after=end");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(looks).toBe(1);
  await server.end(FACTS);
  expect(linesOf(await end)).toEqual([expect.objectContaining({ isOver: true })]);
});

it("tells the end to all who wait, and is gone then", async () => {
  begin();
  const waiting = [own("state?after=end"), own("state?after=0")];
  while (page.waiting < 2) await new Promise(setImmediate);
  await server.end(FACTS);
  const told = (await Promise.all(waiting)).map(linesOf);
  expect(told.map(([facts]) => facts?.["isOver"])).toEqual([true, true]);
  await expect(own("")).rejects.toThrow("ECONNREFUSED");
});

it("has few wait at a time: who came first is told that there is nothing yet", async () => {
  const first = own("state?after=end");
  while (page.waiting < 1) await new Promise(setImmediate);
  const others = Array.from({ length: MOST_WAITING }, () => own("state?after=end"));
  expect((await first).status).toBe(204);
  await server.end(FACTS);
  for (const { status } of await Promise.all(others)) expect(status).toBe(200);
});

it("forgets who waits no longer", async () => {
  const socket = await sending(get("state?after=end"));
  while (page.waiting < 1) await new Promise(setImmediate);
  socket.destroy();
  while (page.waiting > 0) await new Promise(setImmediate);
  expect((await own("")).status).toBe(200);
});

it("answers one request of a connection, however many come at once", async () => {
  const socket = await sending(get("").repeat(200));
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  await once(socket, "close");
  const answers = Buffer.concat(parts)
    .toString()
    .match(/^HTTP\/1\.1 200 OK/gm);
  expect(answers).toHaveLength(1);
});

it("has so many connections and no more, which hold nobody else up once they are gone", async () => {
  const held = await Promise.all(Array.from({ length: MOST_CONNECTIONS }, () => sending("GET /")));
  const next = await sending(get(""));
  await closed(next);
  expect(next.bytesRead).toBe(0);
  for (const socket of held) socket.destroy();
  for (let status: number | undefined; status !== 200; ) ({ status } = await own("").catch(() => ({ status: 0 })));
});

it("ends whoever reads nothing", async () => {
  const stuck = await sending(get(""));
  stuck.pause();
  const silent = await sending("");
  expect((await own("")).status).toBe(200);
  await server.end(FACTS);
  await Promise.all([closed(stuck.resume()), closed(silent.resume())]);
});

it("says why it cannot be served", async () => {
  const taken = { address: "127.0.0.1", port: Number(url.port) };
  await expect(PageServer.listen(taken, page)).rejects.toThrow(
    `--serve ${url.host}: another program has that port; name another one, or 0 for any that is free`,
  );
  await expect(PageServer.listen({ address: "192.0.2.1", port: 0 }, page)).rejects.toThrow(
    "--serve 192.0.2.1:0: this host has no such address; ip address lists those that it has",
  );
});

it("serves on IPv6", async () => {
  const other = await PageServer.listen({ address: "::1", port: 0 }, page);
  expect(other.url).toMatch(/^http:\/\/\[::1\]:\d+\//);
  expect((await fetch(other.url)).status).toBe(200);
  other.close();
});
