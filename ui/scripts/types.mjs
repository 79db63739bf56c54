// Makes src/api/types.ts of openapi.json: `npm run types`.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCE = new URL("../openapi.json", import.meta.url);
const TARGET = new URL("../src/api/types.ts", import.meta.url);

const HEAD = `/** Made by scripts/types.mjs of the server's OpenAPI document: \`npm run types\` makes it anew. */

/** A number beyond 2^53 arrives as a bigint, see \`parse\`. */
export type Scalar = null | boolean | number | bigint | string;
export type Value = Scalar | Value[] | { [key: string]: Value };
export type Document = { [key: string]: Value };
`;

/** The text of the module for these schemas, by name. */
export function typesOf(schemas) {
  return [HEAD, ...Object.entries(schemas).map(([name, schema]) => declaration(name, schema))].join("\n");
}

function declaration(name, schema) {
  const about = comment(schema.description ?? "");
  if (!schema.properties) return `${about}export type ${name} = ${type(schema)};\n`;
  const required = new Set(schema.required ?? []);
  const always = (key, value) => required.has(key) || isTag(value);
  const fields = Object.entries(schema.properties).map(
    ([key, value]) => `  ${key}${always(key, value) ? "" : "?"}: ${type(value)};\n`,
  );
  return `${about}export interface ${name} {\n${fields.join("")}}\n`;
}

/** A field with one possible word tells the members of a union apart. */
function isTag(schema) {
  return schema.enum?.length === 1;
}

function comment(text) {
  const lines = text.split("\n").map((line) => line.replace(/^ {4}/, "").trimEnd());
  if (!text) return "";
  if (lines.length === 1) return `/** ${text} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */\n`;
}

function type(schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(" | ");
  if (schema.anyOf) return [...new Set(schema.anyOf.map(type))].join(" | ");
  if (schema.prefixItems) return `[${schema.prefixItems.map(type).join(", ")}]`;
  if (schema.type === "array") return listOf(schema.items);
  if (schema.type === "object") return schema.additionalProperties ? `Record<string, ${type(schema.additionalProperties)}>` : "Document";
  return { string: "string", boolean: "boolean", integer: "number", number: "number", null: "null" }[schema.type] ?? "Value";
}

function listOf(items) {
  const item = items ? type(items) : "Value";
  return item.includes(" ") ? `(${item})[]` : `${item}[]`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(TARGET, typesOf(JSON.parse(readFileSync(SOURCE, "utf8"))));
}
