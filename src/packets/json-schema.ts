/** A schema of one field, or of an object of such; each has a description, which is its reference. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: string | number | boolean;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** What only readers of the schema go by. */
  readonly [keyword: string]: unknown;
}

interface Fields {
  readonly required: Readonly<Record<string, Schema>>;
  readonly optional?: Readonly<Record<string, Schema>>;
}

export function object(description: string, { required, optional = {} }: Fields): Schema {
  return {
    description,
    type: "object",
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

export function list(description: string, items: Schema): Schema {
  return { description, type: "array", items };
}

export function oneOf(description: string, names: readonly string[]): Schema {
  return { description, enum: names };
}

export function count(description: string): Schema {
  return { description, type: "integer", minimum: 0 };
}

export function text(description: string): Schema {
  return { description, type: "string" };
}

export function flag(description: string): Schema {
  return { description, type: "boolean" };
}

/** Whole nanoseconds, which may be less than none. */
export function nanoseconds(description: string): Schema {
  return { description, type: "integer" };
}

const TIME = String.raw`^-?\d+\.\d{9}$`;

export function time(description: string): Schema {
  return {
    description: `${description}: seconds since 1970-01-01 UTC, with nine decimals.`,
    type: "string",
    pattern: TIME,
  };
}

export function isTime({ pattern }: Schema): boolean {
  return pattern === TIME;
}

export function port(description: string): Schema {
  return { description, type: "integer", minimum: 0, maximum: 65_535 };
}
