import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CaptureError, messageOf } from "../capture/errors.js";
import type { PageFacts } from "../report/html/page-report.js";
import { hostText, type ServeAddress } from "./serve-address.js";
import type { ServedPage } from "./served-page.js";

const TOKEN_BYTES = 32;
/** So many connections there are at once; others are closed. Each has one answer under way at the most. */
const MOST_CONNECTIONS = 16;
/** A request that takes longer to come, or an answer of which nobody takes anything for so long, is given up. */
const STUCK_MS = 10_000;
const MOST_HEADER_BYTES = 8192;
/** Where a page was asked for shortly before the run ended, its reader is given so long to come back, and until it is quiet, for the rest. */
const READ_BEFORE_MS = 5000;
const MOST_LINGER_MS = 5000;
const QUIET_MS = 1500;
const LOOK_MS = 100;

/** `/<token>/`, `/<token>/state?after=7`, `/<token>/state?after=end`, `/<token>/records?after=65536` */
const RESOURCE = /^\/(?<token>[^/?]*)\/(?<name>\w*)(?:\?after=(?<after>\d+|end))?$/;
/** Statuses (RFC 9110). */
const OK = 200;
const NOTHING_YET = 204;
const NOT_FOUND = 404;
const NO_METHOD = 405;
const MISDIRECTED = 421;
/** What the kernel says where it cannot be served at an address, and what to do. */
const REFUSALS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program has that port; name another one, or 0 for any that is free",
  EACCES: "only root may serve on a port below 1024",
  EADDRNOTAVAIL: "this host has no such address; ip address lists those that it has",
};

/** What is sent with all answers: nothing of them is kept, nor shown or read by any other page. */
const HEADERS = {
  "Cache-Control": "no-store",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};
const SHOWS_NOTHING = "default-src 'none'";
const NDJSON = "application/x-ndjson";

/**
 * Serves a page over HTTP, to whoever knows its address: a token of 256 bits is part of it. Answers GET, of the page and of what that asks for, and nothing else. Only a Host that
 * is an address, or localhost, is taken: no name of somebody else's that leads here makes this page one of theirs (DNS rebinding).
 */
export class PageServer {
  /** Where the page is. */
  readonly url: string;
  readonly page: ServedPage;
  readonly #server: Server;
  readonly #token = randomBytes(TOKEN_BYTES).toString("base64url");
  readonly #sockets = new Set<Socket>();
  #askedMs = Number.NEGATIVE_INFINITY;

  private constructor(server: Server, { address }: ServeAddress, page: ServedPage) {
    this.#server = server;
    this.page = page;
    const at = server.address();
    this.url = `http://${hostText({ address, port: isBound(at) ? at.port : 0 })}/${this.#token}/`;
    server.on("request", (request, response) => void this.#answer(request, response));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** @throws CaptureError where the address cannot be taken. */
  static async listen(where: ServeAddress, page: ServedPage): Promise<PageServer> {
    const server = createServer({
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: STUCK_MS,
      requestTimeout: STUCK_MS,
      connectionsCheckingInterval: STUCK_MS / 10,
      keepAlive: true,
    });
    server.maxConnections = MOST_CONNECTIONS;
    // requests that come at once on a connection would have as many answers wait there
    server.maxRequestsPerSocket = 1;
    server.timeout = STUCK_MS;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const why = REFUSALS[error.code ?? ""] ?? messageOf(error);
        reject(new CaptureError(`--serve ${hostText(where)}: ${why}`));
      });
      server.listen({ host: where.address, port: where.port, ipv6Only: true }, resolve);
    });
    return new PageServer(server, where, page);
  }

  /** Ends the page with what is known of it then; whoever reads it meanwhile is given some time for the rest. */
  async end(facts: PageFacts): Promise<void> {
    const endMs = performance.now();
    const isRead = endMs - this.#askedMs < READ_BEFORE_MS || this.page.waiting > 0;
    await this.page.end(facts);
    if (isRead) await this.#linger(endMs);
    this.close();
  }

  /** Waits until those who read the page have what came with the end. One that shows what it was told before asks only then. */
  async #linger(endMs: number): Promise<void> {
    const hasAll = (): boolean => this.#askedMs >= endMs && performance.now() - this.#askedMs > QUIET_MS;
    while (!hasAll() && performance.now() - endMs < MOST_LINGER_MS) await sleep(LOOK_MS);
  }

  /** Ends it, whoever reads. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // what a client goes away from in the middle is no error of the run's
    response.on("error", () => {});
    request.resume();
    if (request.method !== "GET") {
      send(response, NO_METHOD, { headers: { Allow: "GET" } });
      return;
    }
    if (!isAddressed(request.headers.host)) {
      send(response, MISDIRECTED);
      return;
    }
    const { token = "", name, after } = RESOURCE.exec(request.url ?? "")?.groups ?? {};
    if (!isEqual(token, this.#token)) {
      send(response, NOT_FOUND);
      return;
    }
    this.#askedMs = performance.now();
    if (name === "" && after === undefined) this.#sendPage(response);
    else if (name === "state" && after !== undefined)
      await this.#sendStanding(response, after === "end" ? after : Number(after));
    else if (name === "records" && after !== undefined) await this.#sendRecords(response, Number(after));
    else send(response, NOT_FOUND);
  }

  #sendPage(response: ServerResponse): void {
    const { html, policy } = this.page;
    // a policy within the page cannot say by whom it may be framed
    const headers = {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": `${policy}; frame-ancestors 'none'`,
    };
    send(response, OK, { headers, body: html });
  }

  async #sendStanding(response: ServerResponse, after: number | "end"): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    // whoever waits asks for nothing meanwhile
    response.socket?.setTimeout(0);
    const standing = await this.page.next(after, gone.signal);
    response.socket?.setTimeout(STUCK_MS);
    if (standing === undefined) {
      send(response, NOTHING_YET);
      return;
    }
    this.#askedMs = performance.now();
    const headers = { "Content-Type": NDJSON, "Content-Encoding": "gzip" };
    send(response, OK, { headers, body: standing.body });
  }

  async #sendRecords(response: ServerResponse, at: number): Promise<void> {
    const body = await this.page.records.from(at);
    if (body === undefined) send(response, NOT_FOUND);
    else send(response, OK, { headers: { "Content-Type": NDJSON }, body });
  }
}

/** What is sent beside the status. */
interface Content {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

/** Sends an answer, whole: what its reader does not take yet waits in its connection. */
function send(response: ServerResponse, status: number, { headers, body }: Content = {}): void {
  response.writeHead(status, {
    ...HEADERS,
    "Content-Security-Policy": SHOWS_NOTHING,
    "Content-Length": body?.length ?? 0,
    ...headers,
  });
  response.end(body);
}

function isBound(at: AddressInfo | string | null): at is AddressInfo {
  return at !== null && typeof at !== "string";
}

/** Whether a Host is an address or localhost, whatever the port: a tunnel may lead here by another one. */
function isAddressed(host = ""): boolean {
  const [, v6, name = ""] = /^(?:\[([^\]]+)\]|([^:]*))(?::\d+)?$/.exec(host) ?? [];
  return isIP(v6 ?? name) !== 0 || name.toLowerCase() === "localhost";
}

/** Whether a token is the right one, in a time that does not tell how much of it is. */
function isEqual(token: string, expected: string): boolean {
  const [one, other] = [token, expected].map((each) => createHash("sha256").update(each).digest());
  return timingSafeEqual(one, other);
}
