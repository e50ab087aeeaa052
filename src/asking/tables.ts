import { readFile } from "node:fs/promises";
import { CaptureError } from "../capture/errors.js";
import { failureText } from "./tools.js";

/** @throws CaptureError naming the file, where it cannot be read. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CaptureError(`${path}: cannot be read: ${failureText(error)}`);
  }
}
