import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parquetMetadata, parquetReadObjects, parquetSchema, type SchemaTree } from "hyparquet";

export type Row = Readonly<Record<string, unknown>>;

const NS_PER_S = 1_000_000_000n;

/** As NDJSON writes times. */
function timestampFromNanoseconds(ns: bigint): string {
  const size = ns < 0n ? -ns : ns;
  return `${ns < 0n ? "-" : ""}${size / NS_PER_S}.${String(size % NS_PER_S).padStart(9, "0")}`;
}

/** Numbers for bigints, and nothing where there is nothing. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map((each) => plain(each));
  return typeof value === "object" && value !== null ? plainRow(value) : value;
}

function plainRow(row: object): Row {
  const there = Object.entries(row).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(there.map(([name, value]) => [name, plain(value)]));
}

/** The rows of a Parquet file, as another reader than natcorr's own reads them; without what they have nothing of. */
export async function rowsIn(parquet: Uint8Array): Promise<Row[]> {
  const file = Uint8Array.from(parquet).buffer;
  return (await parquetReadObjects({ file, parsers: { timestampFromNanoseconds } })).map(plainRow);
}

/** The rows of a table in the folder of a run, part by part. */
export async function tableIn(run: string, table: string): Promise<Row[]> {
  const parts = readdirSync(join(run, table)).filter((name) => !name.startsWith("."));
  const rows = await Promise.all(parts.sort().map((part) => rowsIn(readFileSync(join(run, table, part)))));
  return rows.flat();
}

/** What SQL calls a type of Parquet's. */
const SQL_TYPES: Readonly<Record<string, string>> = {
  BOOLEAN: "BOOLEAN",
  INT32: "INTEGER",
  INT64: "BIGINT",
  DOUBLE: "DOUBLE",
  BYTE_ARRAY: "VARCHAR",
};

function sqlType({ element, children }: SchemaTree): string {
  if (element.converted_type === "LIST") return `${sqlType(children[0].children[0])}[]`;
  if (element.logical_type?.type === "TIMESTAMP") return "TIMESTAMP_NS";
  if (children.length === 0) return SQL_TYPES[element.type ?? ""];
  return `STRUCT(${children.map((child) => `${child.element.name} ${sqlType(child)}`).join(", ")})`;
}

/** The columns of a Parquet file, with their types in SQL. */
export function columnsOf(parquet: Uint8Array): string[] {
  const { children } = parquetSchema(parquetMetadata(Uint8Array.from(parquet).buffer));
  return children.map((column) => `${column.element.name} ${sqlType(column)}`);
}

/** A line of NDJSON as the row of a table: by the names that columns have. */
export function rowOf(line: object, before = ""): Row {
  const members = Object.entries(line).flatMap(([key, value]): [string, unknown][] => {
    if ((before === "" && key === "type") || value === null) return [];
    const name = `${before}${key.replaceAll("-", "_")}`;
    return typeof value === "object" && !Array.isArray(value)
      ? Object.entries(rowOf(value, `${name}_`))
      : [[name, value]];
  });
  return Object.fromEntries(members);
}
