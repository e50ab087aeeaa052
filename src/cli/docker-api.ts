import { request } from "node:http";
import { text } from "node:stream/consumers";
import { type Container, containerOf, engineOf, networkOf } from "../host/snapshot/docker.js";
import { listAt, parseJson, textAt } from "../host/snapshot/json.js";
import type { DockerFacts } from "../host/snapshot/snapshot.js";
import { failureText } from "./host-tools.js";

/** Docker listens there unless it is told otherwise. */
const SOCKET = "/var/run/docker.sock";
/** An engine that takes longer hangs. */
const MOST_MS = 10_000;
/** So many containers are asked about at a time. */
const AT_ONCE = 8;

/** The socket that DOCKER_HOST names, or Docker's usual one. Throws where it names another host. */
export function dockerSocket(dockerHost = ""): string {
  if (dockerHost === "") return SOCKET;
  if (dockerHost.startsWith("unix://")) return dockerHost.slice("unix://".length);
  throw new Error("DOCKER_HOST names no Unix socket: give one to --docker");
}

/** What the engine behind a socket says of its containers and networks. Throws an Error that says in one line why it does not. */
export async function askDocker(socketPath: string): Promise<DockerFacts> {
  const signal = AbortSignal.timeout(MOST_MS);
  const ask = async (path: string): Promise<unknown> => {
    const { status, body } = await answerTo(socketPath, path, signal);
    if (status !== 200) throw new Error(`answers ${path} with ${status}`);
    return parseJson(body);
  };
  const inspect = async (id: string): Promise<Container | undefined> => {
    const { status, body } = await answerTo(socketPath, `/containers/${encodeURIComponent(id)}/json`, signal);
    // else it is gone by now
    return status === 200 ? containerOf(parseJson(body)) : undefined;
  };
  try {
    const paths = ["/version", "/info", "/networks", "/containers/json"];
    const [version, info, networks, running] = await Promise.all(paths.map(ask));
    const ids = listAt(running).flatMap((container) => textAt(container, "Id") ?? []);
    const containers: (Container | undefined)[] = [];
    for (let first = 0; first < ids.length; first += AT_ONCE)
      containers.push(...(await Promise.all(ids.slice(first, first + AT_ONCE).map(inspect))));
    return {
      engine: engineOf(version, info),
      containers: containers.filter((container) => container !== undefined),
      networks: listAt(networks).flatMap((network) => networkOf(network) ?? []),
    };
  } catch (error) {
    const why = signal.aborted ? `did not answer within ${MOST_MS / 1000} s` : failureText(error);
    throw new Error(`${socketPath}: ${why}`, { cause: error });
  }
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function answerTo(socketPath: string, path: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, signal }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    })
      .on("error", reject)
      .end();
  });
}
