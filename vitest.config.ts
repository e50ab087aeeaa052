import { defineConfig } from "vitest/config";
import { assembly } from "./scripts/assembly.mjs";

export default defineConfig({
  plugins: [assembly()],
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    // times of day are local: the tests' own zone, whatever the machine's is
    env: { TZ: "UTC" },
    testTimeout: 20_000,
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text", "html"] },
  },
});
