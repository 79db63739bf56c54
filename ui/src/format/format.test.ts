import { describe, expect, test } from "vitest";
import type { Entity, Event } from "../api/types";
import { byCommit, linesOf, linkOf } from "./changes";
import { groupEdges } from "./edges";
import { packagesOf, scalarsOf, schemaRows } from "./facets";
import { fileSize, measure, toNumber } from "./number";
import { embedded, groupProperties, short, status } from "./properties";
import { runColumns } from "./runs";
import { ago, dateTime, duration, exactTime } from "./time";
import { edgeHeading, plural, shortTitle, title } from "./words";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const entity = (id: number, more: Partial<Entity> = {}): Entity => ({
  id,
  uuid: `${id}`.repeat(32).slice(0, 32),
  kind: "run",
  namespace: "default",
  name: `n${id}`,
  ...more,
});

describe("numbers", () => {
  test.each([
    [0, "0"],
    [1, "1"],
    [-3, "-3"],
    [1234567, "1,234,567"],
    [0.123456789, "0.12346"],
    [0.5, "0.5"],
    [12345.678, "12345.7"],
    [0.00001234, "1.234e-5"],
    [123456789012, "1.2346e11"],
    [1e300, "1e300"],
    [NaN, "NaN"],
    [Infinity, "∞"],
    [-Infinity, "−∞"],
  ])("%d is measured as %s", (value, text) => expect(measure(value)).toBe(text));

  test("values that travel as text are numbers again", () => {
    expect(toNumber("NaN")).toBeNaN();
    expect(toNumber(null)).toBeNaN();
    expect(toNumber("-Infinity")).toBe(-Infinity);
    expect(toNumber(2.5)).toBe(2.5);
  });

  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 KB"],
    [51_600, "51.6 KB"],
    [999_999, "1.0 MB"],
    [340_000_000, "340 MB"],
    [2.5e15, "2.5 PB"],
  ])("%d bytes are %s", (bytes, text) => expect(fileSize(bytes)).toBe(text));
});

describe("times", () => {
  const noon = Date.UTC(2026, 2, 5, 12, 30, 15);

  test("a moment is shown in the reader's zone", () => {
    expect(dateTime(noon, "Asia/Tokyo")).toBe("5 Mar 2026, 21:30");
    expect(dateTime(noon, "America/New_York")).toBe("5 Mar 2026, 07:30");
    expect(exactTime(noon, "UTC")).toContain("12:30:15");
  });

  test.each([
    [5_000, "just now"],
    [-10_000, "just now"],
    [3 * MINUTE, "3 min ago"],
    [5 * HOUR, "5 h ago"],
    [30 * HOUR, "yesterday"],
    [3 * DAY, "3 days ago"],
  ])("%d ms ago is %s", (passed, text) => expect(ago(noon - passed, noon)).toBe(text));

  test("what is long past, or yet to come, is a date", () => {
    expect(ago(noon - 90 * DAY, noon)).toMatch(/^5 Dec 2025$/);
    expect(ago(noon + DAY, noon)).toMatch(/^6 Mar 2026$/);
  });

  test.each([
    [-5, "0 ms"],
    [350, "350 ms"],
    [4_250, "4.2 s"],
    [9_999, "9.9 s"],
    [59_999, "59 s"],
    [185_000, "3 min 5 s"],
    [180_000, "3 min"],
    [2 * HOUR + 10 * MINUTE, "2 h 10 min"],
    [3 * DAY + 4 * HOUR, "3 d 4 h"],
  ])("a span of %d ms is %s", (span, text) => expect(duration(span)).toBe(text));
});

describe("words", () => {
  test.each([
    ["run", "runs"],
    ["model_version", "model versions"],
    ["person", "people"],
    ["process", "processes"],
    ["registry", "registries"],
  ])("several of %s are %s", (kind, text) => expect(plural(kind)).toBe(text));

  test("a nameless entity is called by its uuid", () => {
    expect(title({ name: "", uuid: "0123456789abcdef0123456789abcdef" })).toBe("01234567");
  });

  test("of a long path only the end is shown", () => {
    expect(shortTitle({ name: "/a/very/long/folder/with/many/parts/iris.csv", uuid: "" })).toBe("…/iris.csv");
    expect(shortTitle({ name: "data/iris.csv", uuid: "" })).toBe("data/iris.csv");
    expect(shortTitle({ name: "a-long-name-without-any-slashes-in-it", uuid: "" })).toBe("a-long-name-without-any-slashes-in-it");
  });

  test("an edge has a heading at each end, an unknown one too", () => {
    expect(edgeHeading("input", "in")).toBe("Inputs");
    expect(edgeHeading("input", "out")).toBe("Read by");
    expect(edgeHeading("my_edge", "out")).toBe("My edge →");
  });
});

describe("properties", () => {
  test("parameters and tags stand apart, in natural order, without their prefix", () => {
    const groups = groupProperties({ "param.layer.10": "a", "param.layer.9": "b", "tag.x": 1, status: "FINISHED", "param.": 0 });
    expect(groups).toEqual([
      { heading: "Parameters", items: [["layer.9", "b"], ["layer.10", "a"]] },
      { heading: "Tags", items: [["x", 1]] },
      { heading: "Properties", items: [["param.", 0], ["status", "FINISHED"]] },
    ]);
  });

  test("a value in one line", () => {
    expect(short(9223372036854775807n)).toBe("9223372036854775807");
    expect(short(false)).toBe("false");
    expect(short(null)).toBe("");
    expect(short({ a: [1, 2] })).toBe('{ "a": [ 1, 2 ] }');
  });

  test("only objects and lists count as embedded documents", () => {
    expect(embedded('{"a": 1}')).toEqual({ a: 1 });
    expect(embedded("[1]")).toEqual([1]);
    expect(embedded("1")).toBeUndefined();
    expect(embedded("{broken")).toBeUndefined();
  });

  test("a status is a run's own word, else what its times say", () => {
    expect(status(entity(1, { properties: { status: "FAILED" } }))).toEqual({ word: "failed", tone: "bad" });
    expect(status(entity(1, { started: 5 }))).toEqual({ word: "running", tone: "busy" });
    expect(status(entity(1, { started: 5, ended: 6 }))).toEqual({ word: "finished", tone: "good" });
    expect(status(entity(1, { kind: "dataset" }))).toBeNull();
  });
});

describe("columns of runs", () => {
  const run = (id: number, metrics: string[], params: Record<string, string>) =>
    entity(id, {
      metrics: Object.fromEntries(metrics.map((key) => [key, [key, 1, 0, 0] as const])) as never,
      properties: Object.fromEntries(Object.entries(params).map(([key, value]) => [`param.${key}`, value])),
    });

  test("common metrics come first, parameters that differ before those that do not", () => {
    const runs = [run(1, ["loss", "rare"], { a: "same", z: "1" }), run(2, ["loss"], { a: "same", z: "2" })];
    expect(runColumns(runs).map(({ field, key }) => `${field} ${key}`)).toEqual([
      "metric loss",
      "metric rare",
      "param z",
      "param a",
    ]);
  });

  test("what tells of the model comes before what tells of the machine", () => {
    const keys = ["system/cpu", "gpu0/use", "lr", "val/loss"];
    expect(runColumns([run(1, keys, {})]).map(({ key }) => key)).toEqual(["val/loss", "lr", "gpu0/use", "system/cpu"]);
  });

  test("the number of columns is modest", () => {
    const keys = Array.from({ length: 50 }, (_, at) => `m${at}`);
    expect(runColumns([run(1, keys, {})])).toHaveLength(6);
  });
});

describe("edges", () => {
  test("each neighbour once under the heading of its side, inputs and outputs first", () => {
    const edges = [
      { id: 1, kind: "owns", source: 4, target: 1 },
      { id: 2, kind: "output", source: 1, target: 3 },
      { id: 3, kind: "input", source: 2, target: 1 },
      { id: 4, kind: "input", source: 2, target: 1 },
      { id: 5, kind: "input", source: 77, target: 1 },
    ];
    const groups = groupEdges(1, edges, [entity(2), entity(3), entity(4)]);
    expect(groups.map(({ heading, entities }) => [heading, entities.map(({ id }) => id)])).toEqual([
      ["Inputs", [2]],
      ["Outputs", [3]],
      ["Owned by", [4]],
    ]);
  });
});

describe("history", () => {
  const event = (commit: number, more: Partial<Event> = {}): Event => ({
    commit,
    number: 0,
    at: 0,
    principal: "alice",
    door: "native",
    action: "updated",
    entity: 1,
    ...more,
  });

  test("properties are told one by one, with both sides", () => {
    const lines = linesOf(event(1, { before: { properties: { a: 1 } }, after: { properties: { a: 2, b: 3 }, owner: "bob" } }));
    expect(lines).toEqual([
      { name: "a", before: 1, after: 2 },
      { name: "b", before: undefined, after: 3 },
      { name: "owner", before: undefined, after: "bob" },
    ]);
  });

  test("a label is told by its category and attributes", () => {
    const after = { labels: { pii: { category: "classification", attributes: {} }, gold: { category: "tag", attributes: { by: "x" } } } };
    expect(linesOf(event(1, { after })).map(({ name, after: now }) => [name, now])).toEqual([
      ["pii", "classification"],
      ["gold", { category: "tag", by: "x" }],
    ]);
  });

  test("a link is recognized", () => {
    const after = { kind: "input", source: 1, target: 2 };
    expect(linkOf(event(1, { action: "linked", after }))).toEqual(after);
    expect(linkOf(event(1, { after }))).toBeNull();
  });

  test("events of one commit stand together", () => {
    expect(byCommit([event(3), event(3, { number: 1 }), event(2)]).map((group) => group.length)).toEqual([2, 1]);
  });
});

describe("facets", () => {
  test("nested fields of a schema stand below their parent", () => {
    const rows = schemaRows({ fields: [{ name: "a", type: "struct", fields: [{ name: "b", type: "int" }] }, { name: "c" }] });
    expect(rows.map(({ path, depth, type }) => [path, depth, type])).toEqual([
      ["/a", 0, "struct"],
      ["/a/b", 1, "int"],
      ["/c", 0, ""],
    ]);
  });

  test("a schema of another shape has no rows", () => {
    expect(schemaRows("text")).toEqual([]);
    expect(schemaRows({ avro: {} })).toEqual([]);
  });

  test("an environment is split into plain values and the rest", () => {
    expect(scalarsOf({ python: "3.11", gpu: { count: 8 }, none: null })).toEqual({
      scalars: [["python", "3.11"]],
      rest: { gpu: { count: 8 } },
    });
  });

  test("packages come as a mapping or as requirements", () => {
    expect(packagesOf({ numpy: "2.1" })).toEqual([["numpy", "2.1"]]);
    expect(packagesOf(["numpy==2.1", "torch"])).toEqual([["numpy", "2.1"], ["torch", ""]]);
    expect(packagesOf(5)).toEqual([]);
  });
});
