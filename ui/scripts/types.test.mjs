import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { typesOf } from "./types.mjs";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

test("the types are those of openapi.json", () => {
  expect(read("../src/api/types.ts"), "run `npm run types`").toBe(typesOf(JSON.parse(read("../openapi.json"))));
});

test("what may be left out is optional, what tells a union apart is not", () => {
  const properties = {
    kind: { enum: ["a"], default: "a" },
    name: { type: "string" },
    sizes: { type: "array", items: { anyOf: [{ type: "integer" }, { type: "null" }] }, default: [] },
    any: {},
    more: { type: "object", additionalProperties: { $ref: "#/components/schemas/Other" } },
  };
  expect(typesOf({ Thing: { type: "object", properties, required: ["name"] } })).toContain(
    'export interface Thing {\n  kind: "a";\n  name: string;\n  sizes?: (number | null)[];\n  any?: Value;\n  more?: Record<string, Other>;\n}\n',
  );
});
