import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Builds dist once before all tests: those of the command line run what a user would run. */
export default function build(): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
}
