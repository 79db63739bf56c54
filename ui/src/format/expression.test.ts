import { describe, expect, test } from "vitest";
import { Mistake, narrowed, parseExpression, written } from "./expression";

const metric = (key: string) => ({ field: "metric", key });
const property = (key: string) => ({ field: "property", key });
const compare = (field: object, op: string, value: unknown) => ({ expr: "compare", field, op, value });

describe("a filter", () => {
  test.each([
    ["metrics.loss < 0.5", compare(metric("loss"), "<", 0.5)],
    ["metrics.val/auc >= 9e-1", compare(metric("val/auc"), ">=", 0.9)],
    ["metrics.`a b` > -1", compare(metric("a b"), ">", -1)],
    ['params.opt = "adam"', compare(property("param.opt"), "=", "adam")],
    ["tag.team != growth", compare(property("tag.team"), "!=", "growth")],
    ["status = FAILED", compare(property("status"), "=", "FAILED")],
    ["name like 'a%'", compare({ field: "attribute", name: "name" }, "like", "a%")],
    ["owner in (mia, 'tom')", compare({ field: "attribute", name: "owner" }, "in", ["mia", "tom"])],
    ["params.x not in (1)", compare(property("param.x"), "not in", [1])],
    ["metrics.loss is not null", compare(metric("loss"), "is not null", null)],
    ["params.x ~ tree", compare(property("param.x"), "ilike", "%tree%")],
    ["otter", compare({ field: "attribute", name: "name" }, "ilike", "%otter%")],
  ])("%s", (text, expected) => expect(parseExpression(text)).toEqual(expected));

  test("a number is compared with parameters that are text, too", () => {
    expect(parseExpression("params.depth = 6")).toEqual({
      expr: "or",
      parts: [compare(property("param.depth"), "=", 6), compare(property("param.depth"), "=", "6")],
    });
  });

  test("and binds closer than or, brackets closer still", () => {
    const [a, b, c] = ["a", "b", "c"].map((key) => compare(metric(key), ">", 1));
    expect(parseExpression("metrics.a > 1 or metrics.b > 1 and metrics.c > 1")).toEqual({
      expr: "or",
      parts: [a, { expr: "and", parts: [b, c] }],
    });
    expect(parseExpression("(metrics.a > 1 or metrics.b > 1) and not metrics.c > 1")).toEqual({
      expr: "and",
      parts: [
        { expr: "or", parts: [a, b] },
        { expr: "not", part: c },
      ],
    });
  });

  test("of nothing is none", () => expect(parseExpression("  ")).toBeUndefined());

  test.each([
    ["loss < 1", /metrics\.loss/],
    ["metrics.a <", /a value is expected/],
    ["metrics.a > 1 metrics.b > 1", /“and” or “or” is missing/],
    ["(metrics.a > 1", /\) is expected/],
    ["metrics.a ? 1", /\? is not understood/],
  ])("%s is a mistake that is explained", (text, words) => {
    expect(() => parseExpression(text)).toThrow(words);
    expect(() => parseExpression(text)).toThrow(Mistake);
  });

  test("a click adds a condition", () => {
    expect(written("param:booster", "dart")).toBe('params.booster = "dart"');
    expect(written("metric:a b", 2)).toBe("metrics.`a b` = 2");
    expect(written("status", "FAILED")).toBe('status = "FAILED"');
    expect(narrowed("", "x = 1")).toBe("x = 1");
    expect(narrowed("a = 1 or b = 2", "x = 1")).toBe("(a = 1 or b = 2) and x = 1");
  });
});
