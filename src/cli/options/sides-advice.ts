import { CaptureError, openCapture } from "../../capture/open.js";
import { printable } from "../../packets/printable.js";

/**
 * What to do where there is one capture, and nobody says what its sides are: the interfaces it holds, as far as they are described before
 * its first frame. Empty where it cannot be read, or is standard input.
 */
export async function adviceOnSides(path: string): Promise<string> {
  if (path === "-") return "";
  let interfaces;
  try {
    const capture = await openCapture(path, { onWarning: () => {} });
    ({ interfaces } = capture);
    await capture.close();
  } catch (error) {
    if (error instanceof CaptureError) return "";
    throw error;
  }
  const names = interfaces.map(({ name }, at) => printable(name) || String(at));
  if (names.length < 2)
    return "; one capture with both sides takes --inside with the inside's prefix, as 172.17.0.0/16";
  const [inside, outside] = names;
  return `; ${path} holds ${names.join(", ")}: if both sides are in it, say which, as --inside ${inside} --outside ${outside}`;
}
