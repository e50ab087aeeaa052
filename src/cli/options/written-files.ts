import { type Stats, statSync } from "node:fs";

/** What is wrong with writing captures again, each frame with what became of it, where anything is. */
export function annotatingProblem(path: string, captures: readonly string[]): string | undefined {
  const once = captures.find((capture) => capture === "-" || statsOf(capture)?.isFile() === false);
  if (once !== undefined)
    return `-w reads the captures again once all is known, and '${once}' can be read once only; save it to a file first`;
  return overwriting("-w", path, captures);
}

/** That a file which an option is to write is one of the captures, where it is. */
export function overwriting(option: string, path: string, captures: readonly string[]): string | undefined {
  const written = statsOf(path);
  const capture = captures.find((each) => {
    const stats = statsOf(each);
    return written !== undefined && stats?.ino === written.ino && stats.dev === written.dev;
  });
  return capture && `${option} would overwrite '${capture}', which is one of the captures`;
}

function statsOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
