import { count, object, type Schema, text } from "../../packets/json-schema.js";
import { SIDE_NAMES } from "../../packets/sides.js";
import { CAPTURED, SIDE } from "../ndjson/schema-fields.js";
import { PUBLISHED } from "../ndjson/schema-published.js";
import { LINES } from "../ndjson/schema.js";
import { isList, isObject, type Json, type JsonObject } from "./json.js";
import { Table } from "./table.js";

/** What a table is of. */
interface Rows {
  readonly name: string;
  readonly schema: Schema;
  /** The type of NDJSON's line that has them … */
  readonly line: string;
  /** … and those in it. */
  readonly in: (line: JsonObject) => readonly JsonObject[];
}

/** A table with a row for each line of a type; a run of two sides is no hop of a path. */
function ofLines(name: string, line: string, schema: Schema): Rows {
  return { name, line, schema: without(schema, "hop"), in: (row) => [row] };
}

const CAPTURE = object("A capture that was read.", {
  required: {
    program: text("The version of the program."),
    version: count("The version of NDJSON's format."),
    side: SIDE,
    capture: count("Its place among those of its side, from 0."),
    ...CAPTURED.properties,
  },
});

/** What is asked about one by one has a row, wherever it stands in NDJSON. */
const TABLES: readonly Rows[] = [
  {
    name: "captures",
    line: "header",
    schema: CAPTURE,
    in: ({ program, version, captures }) =>
      SIDE_NAMES.flatMap((side) =>
        objectsIn(captures, side).map(({ name, counters }, capture) => ({
          program,
          version,
          side,
          capture,
          name,
          counters,
        })),
      ),
  },
  ofLines("pairs", "pair", LINES.pair),
  ofLines("ambiguous", "ambiguous", LINES.ambiguous),
  ofLines("unmatched", "unmatched", LINES.unmatched),
  ofLines("updates", "update", LINES.update),
  ofLines("flows", "flow", LINES.flow),
  ofLines("findings", "finding", LINES.finding),
  { name: "published", line: "summary", schema: PUBLISHED, in: (summary) => objectsIn(summary, "published") },
  ofLines("summary", "summary", without(LINES.summary, "published")),
];

/** Takes a part of a table: a whole Parquet file. Its bytes are the taker's. */
export type WritePart = (table: string, parquet: Uint8Array) => void;

/** NDJSON as tables: of lines, rows; of rows, parts of Parquet. */
export class Tables {
  readonly #tables: readonly Table[];
  /** By the type of a line: who takes it. */
  readonly #takers = new Map<Json | undefined, (line: JsonObject) => void>();
  readonly #utf8 = new TextDecoder();

  /** `createdBy`: the program, as Parquet's readers show it. `partRows`: rows of a part. */
  constructor(createdBy: string, partRows: number, write: WritePart) {
    this.#tables = TABLES.map(
      ({ name, schema }) => new Table(schema, createdBy, partRows, (part) => write(name, part)),
    );
    for (const type of Object.keys(LINES)) {
      const ofType = TABLES.flatMap(({ line, in: rowsIn }, at) => (line === type ? [{ at, rowsIn }] : []));
      this.#takers.set(type, (line) => {
        for (const { at, rowsIn } of ofType) for (const row of rowsIn(line)) this.#tables[at].add(row);
      });
    }
  }

  /** Has each table begin with a part that has its columns and no row: what has no row can be asked for all the same. */
  begin(): void {
    for (const table of this.#tables) table.writePart();
  }

  /** Takes lines of NDJSON, whole ones. */
  take(ndjson: Uint8Array): void {
    // together: a line at a time takes a third longer
    const lines: readonly JsonObject[] = JSON.parse(`[${this.#utf8.decode(ndjson).trimEnd().replaceAll("\n", ",")}]`);
    for (const line of lines) this.#takers.get(line["type"])?.(line);
  }

  /** Writes the rows that are gathered. */
  flush(): void {
    for (const table of this.#tables) table.flush();
  }
}

/** The objects of a list that a member of an object is, or has. */
function objectsIn(of: Json | undefined, name: string): readonly JsonObject[] {
  const list = isObject(of) ? of[name] : undefined;
  return isList(list) ? list.filter((each) => isObject(each)) : [];
}

function without({ properties = {}, ...schema }: Schema, name: string): Schema {
  return { ...schema, properties: Object.fromEntries(Object.entries(properties).filter(([key]) => key !== name)) };
}
