import type { SchemaElement } from "hyparquet";
import { isTime, type Schema } from "../../packets/json-schema.js";
import { flags, Lists, numbers, type Store, Structs, Texts, Times, wholes } from "./stores.js";

/** What Parquet makes of a field. */
interface Field {
  /** How it declares it: the field itself, then what is in it. */
  readonly elements: readonly SchemaElement[];
  readonly store: Store;
}

export interface Column extends Field {
  readonly name: string;
}

/** Where the members of an object go: into a column, or those of an object in it into theirs. */
export type Places = readonly {
  readonly key: string;
  readonly column?: Column | undefined;
  readonly within?: Places | undefined;
}[];

/** A whole number up to here is an INTEGER of SQL's, and a BIGINT beyond. */
const MOST_INT32 = 2 ** 31 - 1;
/** Times are in UTC, and not declared to be so: of those that are, DuckDB keeps microseconds alone, and does not say it (1.5.6, 2026-12). */
const NANOSECONDS = { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "NANOS" } as const;

/**
 * The places that such objects' members have in a table. Objects in objects are taken apart, and names put together: the member `src` of `inside` is the column `inside_src`.
 * A text that is always the same has none.
 */
export function placesOf({ properties = {}, required = [] }: Schema, before = "", isAlways = true): Places {
  const told = Object.entries(properties).filter(([, field]) => typeof field.const !== "string");
  return told.map(([key, field]) => {
    // a hyphen would have to be quoted in SQL
    const name = `${before}${key.replaceAll("-", "_")}`;
    const isThere = isAlways && required.includes(key);
    return field.properties === undefined
      ? { key, column: { name, ...fieldOf(name, field, isThere) } }
      : { key, within: placesOf(field, `${name}_`, isThere && field.type === "object") };
  });
}

/** All columns, in their order. */
export function columnsIn(places: Places): readonly Column[] {
  return places.flatMap(({ column, within = [] }) => column ?? columnsIn(within));
}

function fieldOf(name: string, field: Schema, isThere: boolean): Field {
  if (field.items !== undefined) return listOf(name, field.items, isThere);
  if (field.properties !== undefined) return structOf(name, field);
  const leaf = (isAlways: boolean, type: Omit<SchemaElement, "name">, store: Store): Field => ({
    elements: [{ name, repetition_type: isAlways ? "REQUIRED" : "OPTIONAL", ...type }],
    store,
  });
  // not all times have a place
  if (isTime(field)) return leaf(false, { type: "INT64", logical_type: NANOSECONDS }, new Times());
  const types = new Set([field.type ?? typeof (field.const ?? "")].flat());
  const isAlways = isThere && !types.has("null");
  if (types.has("boolean")) return leaf(isAlways, { type: "BOOLEAN" }, flags());
  if (types.has("number")) return leaf(isAlways, { type: "DOUBLE" }, numbers());
  if (!types.has("integer")) return leaf(isAlways, { type: "BYTE_ARRAY", converted_type: "UTF8" }, new Texts());
  const { maximum = Number.POSITIVE_INFINITY } = field;
  return maximum <= MOST_INT32
    ? leaf(isAlways, { type: "INT32" }, numbers())
    : leaf(isAlways, { type: "INT64" }, wholes());
}

/** A list is three elements, one in the other: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists. */
function listOf(name: string, items: Schema, isThere: boolean): Field {
  const { elements, store } = fieldOf("element", items, true);
  const list = {
    name,
    repetition_type: isThere ? "REQUIRED" : "OPTIONAL",
    converted_type: "LIST",
    num_children: 1,
  } as const;
  return {
    elements: [list, { name: "list", repetition_type: "REPEATED", num_children: 1 }, ...elements],
    store: new Lists(store),
  };
}

/** An object in a list. */
function structOf(name: string, { properties = {}, required = [] }: Schema): Field {
  const members = Object.entries(properties).map(
    ([key, field]) => [key, fieldOf(key, field, required.includes(key))] as const,
  );
  return {
    elements: [
      { name, repetition_type: "REQUIRED", num_children: members.length },
      ...members.flatMap(([, { elements }]) => elements),
    ],
    store: new Structs(new Map(members.map(([key, { store }]) => [key, store]))),
  };
}
