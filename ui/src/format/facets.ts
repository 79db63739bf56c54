/** Facets of known shapes made ready for a table. */

import type { Document, Value } from "../api/types";
import { short } from "./properties";

export interface SchemaRow {
  path: string;
  name: string;
  type: string;
  description: string;
  depth: number;
}

function isDocument(value: Value | undefined): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of a schema in order, nested ones below their parent; empty when it has another shape. */
export function schemaRows(schema: Value): SchemaRow[] {
  if (Array.isArray(schema)) return fieldRows(schema, "", 0);
  if (!isDocument(schema)) return [];
  return fieldRows(schema["fields"] ?? schema["columns"], "", 0);
}

function fieldRows(fields: Value | undefined, above: string, depth: number): SchemaRow[] {
  if (!Array.isArray(fields)) return [];
  return fields.filter(isDocument).flatMap((field) => {
    const name = short(field["name"]);
    const path = `${above}/${name}`;
    const row = { path, name, type: short(field["type"]), description: short(field["description"]), depth };
    return [row, ...fieldRows(field["fields"], path, depth + 1)];
  });
}

/** The plain values of a document as text, and what else there is. */
export function scalarsOf(document: Value): { scalars: [string, string][]; rest: Document } {
  const scalars: [string, string][] = [];
  const rest: Document = {};
  for (const [key, value] of Object.entries(isDocument(document) ? document : { value: document })) {
    if (typeof value === "object" && value !== null) rest[key] = value;
    else if (short(value)) scalars.push([key, short(value)]);
  }
  return { scalars, rest };
}

/** Names and versions, from `{name: version}` or a list of `name==version`. */
export function packagesOf(packages: Value | undefined): [name: string, version: string][] {
  if (Array.isArray(packages)) {
    return packages.map((each) => {
      const [name = "", version = ""] = short(each).split("==");
      return [name, version];
    });
  }
  return isDocument(packages) ? Object.entries(packages).map(([name, version]) => [name, short(version)]) : [];
}
