import { Agent, type IncomingMessage, request, type RequestOptions } from "node:http";
import {
  type Container,
  type ContainerEvent,
  containerOf,
  type Endpoint,
  engineOf,
  EVENT_FILTERS,
  eventOf,
  GATEWAY_NETWORK,
  gatewayEndsOf,
  isPodman,
  networkOf,
  PODMAN_NETWORKS,
  podmansBridges,
} from "../host/snapshot/docker.js";
import { parseJson, textAt } from "../host/snapshot/json.js";
import type { DockerFacts } from "../host/snapshot/snapshot.js";
import { failureText } from "./tools.js";
import { OFF } from "./whom.js";

/** Docker listens there unless it is told otherwise. */
const SOCKET = "/var/run/docker.sock";
/** An engine that takes longer hangs. */
const MOST_MS = 10_000;
/** A list of 10,000 containers has some ten million characters. */
const MOST_ANSWER = 50_000_000;
/** So many containers are asked about at a time. */
const AT_ONCE = 8;
/** An event has some hundred characters, and a container's labels, each of some hundred. */
const MOST_LINE = 1_000_000;

/** A Docker engine. Its connections stay open: it can be asked on, once natcorr is a user who may not open one. */
export class DockerEngine {
  readonly #docker: string | undefined;
  readonly #dockerHost: string;
  readonly #agent = new Agent({ keepAlive: true });

  readonly #mostMs: number;
  #isSilent = false;

  /**
   * `docker`: its socket, or "off"; undefined for the one that `dockerHost`, as DOCKER_HOST, names, or else Docker's usual one. `mostMs`: how long an answer may
   * take.
   */
  constructor(docker: string | undefined, dockerHost = "", mostMs = MOST_MS) {
    this.#docker = docker;
    this.#dockerHost = dockerHost;
    this.#mostMs = mostMs;
  }

  get isOff(): boolean {
    return this.#docker === OFF;
  }

  /** Whether it did not answer in time when it was asked last: until it tells what happens (`follow`), it is asked nothing. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** What it says of its containers and networks. Throws an Error that says in one line why it does not. */
  facts(): Promise<DockerFacts> {
    return this.#asked(async (ask, inspect) => {
      const paths = ["/version", "/info", "/networks", "/containers/json"];
      const [version, info, networks, running] = await Promise.all(paths.map(ask));
      const ids = listed(running, "/containers/json").flatMap((container) => textAt(container, "Id") ?? []);
      const containers: (Container | undefined)[] = [];
      for (let first = 0; first < ids.length; first += AT_ONCE)
        containers.push(...(await Promise.all(ids.slice(first, first + AT_ONCE).map(inspect))));
      const engine = engineOf(version, info);
      // one that does not tell them leaves them unknown
      const bridges = isPodman(engine) ? podmansBridges(await ask(PODMAN_NETWORKS).catch(() => [])) : undefined;
      return {
        engine,
        containers: containers.filter((container) => container !== undefined),
        networks: listed(networks, "/networks").flatMap((network) => networkOf(network, bridges) ?? []),
      };
    });
  }

  /** What it says of a container; undefined where that does not run. Throws as `facts` does. */
  container(id: string): Promise<Container | undefined> {
    return this.#asked((_, inspect) => inspect(id));
  }

  /**
   * Tells what happens to containers from then on, until the engine goes, or `signal` is aborted. `onBegin`: called before the first. Throws, in the end, as
   * `facts` does.
   */
  async follow(onBegin: () => void, onEvent: (event: ContainerEvent) => void, signal: AbortSignal): Promise<void> {
    const socketPath = this.#socketPath();
    const path = `/events?filters=${encodeURIComponent(JSON.stringify(EVENT_FILTERS))}`;
    try {
      const response = await this.#get({ socketPath, path, signal, timeout: this.#mostMs });
      if (response.statusCode !== 200) throw new Error(`answers /events with ${response.statusCode}`);
      onBegin();
      for await (const line of eventLines(response)) {
        const event = eventOf(parseJson(line));
        if (event !== undefined) onEvent(event);
      }
      throw new Error("ended");
    } catch (error) {
      throw new Error(`${socketPath}: ${failureText(error)}`, { cause: error });
    }
  }

  /** Closes its connections. */
  close(): void {
    this.#agent.destroy();
  }

  /** What it answers, by paths and by containers' ids. */
  async #asked<T>(
    question: (
      ask: (path: string) => Promise<unknown>,
      inspect: (id: string) => Promise<Container | undefined>,
    ) => Promise<T>,
  ): Promise<T> {
    const socketPath = this.#socketPath();
    const answer = async (path: string): Promise<{ readonly status: number | undefined; readonly body: string }> => {
      if (this.#isSilent) throw this.#late();
      const signal = AbortSignal.timeout(this.#mostMs);
      try {
        const response = await this.#get({ socketPath, path, signal });
        return { status: response.statusCode, body: await bodyOf(response) };
      } catch (error) {
        this.#isSilent ||= signal.aborted;
        throw signal.aborted ? this.#late() : error;
      }
    };
    const ask = async (path: string): Promise<unknown> => {
      const { status, body } = await answer(path);
      if (status !== 200) throw new Error(`answers ${path} with ${status}`);
      return parseJson(body);
    };
    let gateway: Promise<ReadonlyMap<string, Endpoint> | undefined> | undefined;
    const askGateway = async (): Promise<ReadonlyMap<string, Endpoint> | undefined> => {
      const { status, body } = await answer(`/networks/${GATEWAY_NETWORK}`);
      // only a node of a Swarm has it
      return status === 200 ? gatewayEndsOf(parseJson(body)) : undefined;
    };
    const inspect = async (id: string): Promise<Container | undefined> => {
      gateway ??= askGateway();
      const [{ status, body }, ends] = await Promise.all([
        answer(`/containers/${encodeURIComponent(id)}/json`),
        gateway,
      ]);
      // else it is gone by now
      return status === 200 ? containerOf(parseJson(body), ends) : undefined;
    };
    try {
      return await question(ask, inspect);
    } catch (error) {
      throw new Error(`${socketPath}: ${failureText(error)}`, { cause: error });
    }
  }

  #late(): Error {
    return new Error(`did not answer within ${this.#mostMs / 1000} s`);
  }

  #socketPath(): string {
    if (this.isOff) throw new Error("--docker off");
    if (this.#docker !== undefined) return this.#docker;
    if (this.#dockerHost === "") return SOCKET;
    if (this.#dockerHost.startsWith("unix://")) return this.#dockerHost.slice("unix://".length);
    throw new Error("DOCKER_HOST names no Unix socket: give one to --docker");
  }

  /** `timeout`: how long its answer may take to begin, milliseconds. */
  #get(options: RequestOptions): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asking = request({ ...options, agent: this.#agent });
      asking
        .on("timeout", () => {
          this.#isSilent = true;
          asking.destroy(this.#late());
        })
        .on("response", (response) => {
          this.#isSilent = false;
          asking.setTimeout(0);
          resolve(response);
        })
        .on("error", (error: NodeJS.ErrnoException) => {
          // an open connection that the engine was about to close
          if (asking.reusedSocket && error.code === "ECONNRESET") this.#get(options).then(resolve, reject);
          else reject(error);
        })
        .end();
    });
  }
}

/** A list of what there is, as Docker answers. Throws where it is none: of what is not understood, nobody knows what it says. */
function listed(answer: unknown, path: string): readonly unknown[] {
  if (Array.isArray(answer) && answer.every((each) => textAt(each, "Id") !== undefined)) return answer;
  throw new Error(`not understood: it answers ${path} with no list of what has an Id`);
}

/** An answer's text. Throws where it is longer than any that Docker writes. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) {
    body += String(chunk);
    if (body.length > MOST_ANSWER) throw new Error(`an answer has more than ${MOST_ANSWER} characters`);
  }
  return body;
}

/** The lines of an answer, as they come. Throws where one is longer than any that Docker writes. */
async function* eventLines(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of response.setEncoding("utf8")) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MOST_LINE) throw new Error(`an event has more than ${MOST_LINE} characters`);
    yield* lines.filter((line) => line.trim() !== "");
  }
}
