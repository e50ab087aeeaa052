export function assembly(options?: {
  readonly madeFor?: "coverage" | "mutation" | undefined;
}): import("rolldown").Plugin;
