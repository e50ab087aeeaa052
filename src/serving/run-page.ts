import type { Look, Sink } from "../packets/results/results.js";
import { type PageOptions, PageReport } from "../report/html/page-report.js";
import { HtmlPage } from "./html-page.js";
import type { PageServer } from "./page-server.js";
import type { ServeAddress } from "./serve-address.js";

/** Where the page of a run goes. */
export interface PagePlaces {
  /** The file that it is written to. */
  readonly html?: string | undefined;
  /** Where it is served while the run goes on. */
  readonly serve?: ServeAddress | undefined;
}

/** The page of a run, which one report makes for all its places. */
export class RunPage {
  readonly #file: HtmlPage | undefined;
  readonly #server: PageServer | undefined;
  #report: PageReport | undefined;

  private constructor(file: HtmlPage | undefined, server: PageServer | undefined) {
    this.#file = file;
    this.#server = server;
  }

  /**
   * Creates the file, and begins to serve.
   *
   * @param template the file that has what shows a page.
   * @throws CaptureError where the file cannot be created, or the address not be taken.
   */
  static async open({ html, serve }: PagePlaces, template: string): Promise<RunPage> {
    const server = serve && (await serverAt(serve, template));
    try {
      return new RunPage(html === undefined ? undefined : new HtmlPage(html, template), server);
    } catch (error) {
      server?.close();
      throw error;
    }
  }

  /** Where it is served. */
  get url(): string | undefined {
    return this.#server?.url;
  }

  /** What makes the page of results, and passes them on. */
  reportFor(options: PageOptions): (next: Sink) => Sink {
    return (next) => {
      const take = (records: Uint8Array, onTaken?: () => void): void => {
        this.#file?.take(records);
        this.#server?.page.records.add(records);
        onTaken?.();
      };
      this.#report = new PageReport(next, take, options);
      return this.#report;
    };
  }

  /** Results have begun, and can be looked at. `said`: what is said of the captures, more and more. */
  begin(look: Look, said: readonly string[]): void {
    if (this.#report !== undefined) this.#server?.page.begin(this.#report, look, said);
  }

  /**
   * Completes it, once results have ended, and serves it no longer. `said`: what was said of the captures meanwhile.
   *
   * @throws CaptureError where the disk refused any of it.
   */
  async finish(said: readonly string[]): Promise<void> {
    const facts = this.#report?.facts;
    if (facts === undefined) return;
    await this.#server?.end(facts);
    await this.#file?.finish(facts, said);
  }

  close(): void {
    this.#server?.close();
    this.#file?.close();
  }
}

/** Most runs serve nothing. */
async function serverAt(where: ServeAddress, template: string): Promise<PageServer> {
  const { PageServer } = await import("./page-server.js");
  const { ServedPage } = await import("./served-page.js");
  return PageServer.listen(where, new ServedPage(template));
}
