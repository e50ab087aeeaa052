import { beginCoverage, coverageReport } from "../../scripts/assembly-coverage.mjs";

/** Tells, once all tests were run, what they entered of the AssemblyScript. */
export default function begin(): () => void {
  beginCoverage();
  return () => console.log(coverageReport());
}
