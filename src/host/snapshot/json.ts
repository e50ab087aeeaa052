/** JSON from elsewhere, asked for what it should hold: what is of another type counts as not there. */

/** What a text says. Throws without a word of it where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("what it says is no JSON");
  }
}

/** What stands at a path of names. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}

/** A text that is not empty. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

/** The items of a list; none where there is no list. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The texts of a list. */
export function textsAt(value: unknown, ...path: readonly string[]): string[] {
  return listAt(value, ...path).filter((item) => typeof item === "string");
}

/** The members of an object; none where there is no object. */
export function membersAt(value: unknown, ...path: readonly string[]): readonly (readonly [string, unknown])[] {
  const found = at(value, ...path);
  return typeof found === "object" && found !== null && !Array.isArray(found) ? Object.entries(found) : [];
}

/** Those of its members that are texts. */
export function textMembersAt(value: unknown, ...path: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    membersAt(value, ...path).flatMap(([name, each]) => (typeof each === "string" ? [[name, each] as const] : [])),
  );
}

/** Those of some members that are neither a list nor an object. What is not named stays behind, whatever it holds. */
export function picked(value: unknown, names: readonly string[]): Record<string, unknown> {
  const found = names.map((name) => [name, at(value, name)] as const);
  return Object.fromEntries(
    found.filter(([, each]) => each !== undefined && (each === null || typeof each !== "object")),
  );
}

/** Those of some members that are texts. */
export function pickedTexts(value: unknown, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = textAt(value, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}
