/** JSON whose integers beyond 2^53 keep every digit, as bigints. */

import type { Value } from "./types";

const LONG_NUMBER = /\d{16}/;

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const keepDigits: Reviver = (_key, value, context) =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
    ? BigInt(context!.source!)
    : value;

export function parse(text: string): unknown {
  return LONG_NUMBER.test(text) ? JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) : JSON.parse(text);
}

/** The value as indented JSON. */
export function pretty(value: Value): string {
  return render(value, "");
}

function render(value: Value, indent: string): string {
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const deeper = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map((item) => deeper + render(item, deeper))
    : Object.entries(value).map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${render(item, deeper)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return items.length ? `${open}\n${items.join(",\n")}\n${indent}${close}` : `${open}${close}`;
}
