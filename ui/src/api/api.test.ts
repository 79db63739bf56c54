import { describe, expect, test } from "vitest";
import { encodePath, filePath, queryString } from "./client";
import { touches } from "./live";
import { parse, pretty } from "./parse";
import type { Event } from "./types";

describe("JSON", () => {
  test("is parsed as always when no number is long", () => {
    expect(parse('{"a": [1, 2.5, "x"]}')).toEqual({ a: [1, 2.5, "x"] });
  });

  test("is printed with indents, long integers with every digit", () => {
    expect(pretty({ a: [1, 9223372036854775807n], b: {}, c: [], d: null })).toBe(
      '{\n  "a": [\n    1,\n    9223372036854775807\n  ],\n  "b": {},\n  "c": [],\n  "d": null\n}',
    );
  });
});

describe("addresses", () => {
  test("a path keeps its slashes and nothing else", () => {
    expect(encodePath("val/top 5%?")).toBe("val/top%205%25%3F");
    expect(filePath("ab", "model/a b.txt")).toBe("/api/v1/entities/ab/files/model/a%20b.txt");
  });

  test("a query repeats lists and leaves out what is not given", () => {
    expect(queryString({ a: ["x", "y"], b: undefined, c: "", d: 0 })).toBe("?a=x&a=y&d=0");
    expect(queryString({})).toBe("");
  });
});

describe("a change touches", () => {
  const event = (action: string): Event => ({
    commit: 1,
    number: 0,
    at: 0,
    principal: "",
    door: "",
    action,
    entity: 7,
    uuid: "abc",
  });

  test("new points: the curve, the page and lists, and nothing of another entity", () => {
    const points = event("points");
    expect(touches(points, ["series", "abc", "loss", 200])).toBe(true);
    expect(touches(points, ["series", "other", "loss", 200])).toBe(false);
    expect(touches(points, ["entity", "abc", null])).toBe(true);
    expect(touches(points, ["entity", "other", null])).toBe(false);
    expect(touches(points, ["find", {}])).toBe(true);
    expect(touches(points, ["lineage", "abc"])).toBe(false);
  });

  test("everything else: whatever could show it, even by another id", () => {
    const linked = event("linked");
    expect(touches(linked, ["entity", "other", null])).toBe(true);
    expect(touches(linked, ["counts"])).toBe(true);
    expect(touches(linked, ["history", "other", 100])).toBe(false);
    expect(touches(linked, ["history", 7, 100])).toBe(true);
    expect(touches(linked, ["types"])).toBe(false);
    expect(touches(linked, ["me"])).toBe(false);
    expect(touches(event("typed"), ["types"])).toBe(true);
  });
});
