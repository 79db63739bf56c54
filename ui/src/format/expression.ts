/**
 * The filter language of the table of runs: `metrics.loss < 0.5 and params.depth = 6 and not status = "FAILED"`.
 *
 * `metrics.K`, `params.K`, `tags.K` and names of columns are compared with = != < <= > >= like ~ (contains), `in (…)`,
 * `is null`. A key with odd characters stands in backticks. Words alone are looked for in names.
 */

import type { Compare, Query } from "../api/types";

export type Expr = NonNullable<Query["where"]>;
type Field = Compare["field"];
type Scalar = string | number | boolean;

export class Mistake extends Error {
  constructor(
    message: string,
    /** Where in the text. */
    readonly at: number,
  ) {
    super(message);
  }
}

interface Token {
  what: "word" | "text" | "number" | "sign" | "end";
  text: string;
  at: number;
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?(?![\w.-]))|(<=|>=|!=|[=<>~(),])|((?:[\p{L}\p{N}_./:@-]|`[^`]*`)+))/uy;
const ATTRIBUTES = new Set(["name", "owner", "namespace", "state", "started", "ended", "duration", "created", "updated"]);
const GROUPS: Record<string, "metric" | "param." | "tag."> = {
  metrics: "metric",
  metric: "metric",
  params: "param.",
  param: "param.",
  tags: "tag.",
  tag: "tag.",
};
const OPERATORS: Record<string, Compare["op"]> = {
  "=": "=",
  "!=": "!=",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
  like: "like",
  ilike: "ilike",
};

/** The condition; undefined when nothing is said. Throws a Mistake that says what was expected. */
export function parseExpression(text: string): Expr | undefined {
  const reader = new Reader(tokensOf(text));
  if (reader.peek().what === "end") return undefined;
  const found = reader.either();
  const rest = reader.peek();
  if (rest.what !== "end") throw new Mistake(`“and” or “or” is missing before ${rest.text}`, rest.at);
  return found;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (text.slice(at).trim() !== "") {
    const match = TOKEN.exec(text);
    if (!match) throw new Mistake(`${text.slice(at).trim().charAt(0)} is not understood here`, at);
    const [whole, quoted, number, sign, word] = match;
    const found = quoted ?? number ?? sign ?? word ?? "";
    const what = quoted ? "text" : number ? "number" : sign ? "sign" : "word";
    tokens.push({ what, text: found, at: at + whole.length - found.length });
    at = TOKEN.lastIndex;
  }
  return [...tokens, { what: "end", text: "the end", at: text.length }];
}

class Reader {
  private at = 0;

  constructor(private readonly tokens: Token[]) {}

  peek(): Token {
    return this.tokens[this.at]!;
  }

  either(): Expr {
    const parts = [this.all()];
    while (this.take("or")) parts.push(this.all());
    return parts.length > 1 ? { expr: "or", parts } : parts[0]!;
  }

  private all(): Expr {
    const parts = [this.one()];
    while (this.take("and")) parts.push(this.one());
    return parts.length > 1 ? { expr: "and", parts } : parts[0]!;
  }

  private one(): Expr {
    if (this.take("not")) return { expr: "not", part: this.one() };
    if (this.take("(")) {
      const inner = this.either();
      this.need(")");
      return inner;
    }
    const token = this.next();
    if (token.what !== "word" && token.what !== "text") throw new Mistake(`a name is expected, not ${token.text}`, token.at);
    const sign = this.peek();
    const stands = sign.what === "sign" && sign.text !== ")" && sign.text !== "(" && sign.text !== ",";
    const worded = sign.what === "word" && /^(like|ilike|in|is|not)$/i.test(sign.text);
    if (token.what === "text" || !(stands || worded)) return contains({ field: "attribute", name: "name" }, valueOf(token));
    return this.comparison(fieldOf(token));
  }

  private comparison(field: Field): Expr {
    if (this.take("is")) {
      const op = this.take("not") ? "is not null" : "is null";
      this.need("null");
      return { expr: "compare", field, op, value: null };
    }
    if (this.take("not")) {
      this.need("in");
      return { expr: "compare", field, op: "not in", value: this.list() };
    }
    if (this.take("in")) return { expr: "compare", field, op: "in", value: this.list() };
    const sign = this.next();
    if (sign.text === "~") return contains(field, this.value());
    const op = OPERATORS[sign.text.toLowerCase()];
    if (!op) throw new Mistake(`${sign.text} does not compare; try = != < > ~`, sign.at);
    return compare(field, op, this.value());
  }

  private list(): Scalar[] {
    this.need("(");
    const values = [this.value()];
    while (this.take(",")) values.push(this.value());
    this.need(")");
    return values;
  }

  private value(): Scalar {
    const token = this.next();
    if (token.what === "sign" || token.what === "end") throw new Mistake(`a value is expected, not ${token.text}`, token.at);
    return valueOf(token);
  }

  private next(): Token {
    const token = this.peek();
    if (token.what !== "end") this.at++;
    return token;
  }

  private take(text: string): boolean {
    const token = this.peek();
    if ((token.what !== "word" && token.what !== "sign") || token.text.toLowerCase() !== text) return false;
    this.at++;
    return true;
  }

  private need(text: string): void {
    const token = this.peek();
    if (!this.take(text)) throw new Mistake(`${text} is expected, not ${token.text}`, token.at);
  }
}

function fieldOf({ text, at }: Token): Field {
  const plain = text.replaceAll("`", "");
  const dot = plain.indexOf(".");
  const group = dot > 0 ? GROUPS[plain.slice(0, dot).toLowerCase()] : undefined;
  const key = plain.slice(dot + 1);
  if (group === "metric") return { field: "metric", key };
  if (group) return { field: "property", key: group + key };
  if (plain === "status") return { field: "property", key: "status" };
  if (ATTRIBUTES.has(plain)) return { field: "attribute", name: plain };
  throw new Mistake(`${plain} is no column; write metrics.${plain}, params.${plain} or tags.${plain}`, at);
}

function valueOf({ what, text }: Token): Scalar {
  if (what === "number") return Number(text);
  if (what === "text") return text.slice(1, -1).replace(/\\(.)/g, "$1");
  return text.replaceAll("`", "");
}

/** Parameters are text for some clients and numbers for others: either is meant. */
function compare(field: Field, op: Compare["op"], value: Scalar): Expr {
  const one = (each: Scalar): Expr => ({ expr: "compare", field, op, value: each });
  const numeric = typeof value === "number" && field.field === "property" && (op === "=" || op === "!=");
  if (!numeric) return one(value);
  const parts = [one(value), one(String(value))];
  return { expr: op === "=" ? "or" : "and", parts };
}

function contains(field: Field, value: Scalar): Expr {
  return { expr: "compare", field, op: "ilike", value: `%${String(value).replace(/[%_]/g, "_")}%` };
}

/** How a comparison is written, as a click on a value adds it. */
export function written(column: string, value: Scalar): string {
  const [group, ...rest] = column.split(":");
  const key = rest.join(":");
  const quoted = /^[\p{L}\p{N}_./:@-]+$/u.test(key) ? key : `\`${key}\``;
  const name = rest.length ? `${group}s.${quoted}` : group!;
  return `${name} = ${typeof value === "number" ? value : JSON.stringify(String(value))}`;
}

/** The filter with one more condition. */
export function narrowed(filter: string, more: string): string {
  const trimmed = filter.trim();
  if (!trimmed) return more;
  return /\bor\b/i.test(trimmed) ? `(${trimmed}) and ${more}` : `${trimmed} and ${more}`;
}
