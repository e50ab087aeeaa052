import { build } from "rolldown";
import { assembly } from "./assembly.mjs";

/**
 * Makes dist's JavaScript; tsc makes the types. What this does that tsc does not:
 *
 * - It writes constants into the code that imports them. V8 reads an imported constant anew each time, checks that it is a
 *   number, and checks sums with it for overflow (Node 20): loops over records, whose fields have names, took a fifth longer.
 * - It puts modules together: Node takes half a millisecond to load each, and a run needs a hundred of them.
 */
await build({
  input: { main: "src/main.ts", index: "src/index.ts", "decoding-thread": "src/cli/decoding-thread.ts" },
  platform: "node",
  external: /^[^./]/,
  plugins: [assembly()],
  // that compiling takes most of the time is no news
  checks: { bundlerTimings: false },
  optimization: { inlineConst: { mode: "all", pass: 3 } },
  output: {
    dir: "dist",
    format: "esm",
    cleanDir: true,
    // a thread is started from a file beside the one that starts it, as in src
    entryFileNames: ({ name }) => (name === "decoding-thread" ? "lib/[name].js" : "[name].js"),
    chunkFileNames: "lib/[name].js",
  },
});
