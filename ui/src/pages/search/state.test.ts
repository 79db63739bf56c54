import { describe, expect, test } from "vitest";
import { queryOf, readState } from "./state";

const query = (search: string) => queryOf(readState(new URLSearchParams(search)));

describe("the query of an address", () => {
  test("without anything: all, the latest first", () => {
    expect(query("")).toMatchObject({
      text: "",
      kinds: [],
      state: "active",
      order: [{ field: { field: "attribute", name: "updated" }, descending: true }],
    });
    expect(query("")).not.toHaveProperty("where");
  });

  test("with words: by rank", () => {
    expect(query("q=loss")).toMatchObject({ text: "loss", order: [] });
  });

  test("with filters: alternatives of one facet, all of several labels", () => {
    expect(query("namespace=a&namespace=b&label=pii&label=gold&kind=run").where).toEqual({
      expr: "and",
      parts: [
        { expr: "compare", field: { field: "attribute", name: "namespace" }, op: "in", value: ["a", "b"] },
        { expr: "labelled", name: "pii" },
        { expr: "labelled", name: "gold" },
      ],
    });
  });

  test("with a place: only what it contains; what is no id is ignored", () => {
    expect(query("home=12").where).toMatchObject({ op: "=", value: 12 });
    expect(query("home=x")).not.toHaveProperty("where");
  });

  test.each([
    ["order=name", { field: "attribute", name: "name" }, false],
    ["order=-metric:val/loss", { field: "metric", key: "val/loss" }, true],
    ["order=param:lr", { field: "property", key: "param.lr" }, false],
  ])("ordered by %s", (search, field, descending) => {
    expect(query(search).order).toEqual([{ field, descending }]);
  });

  test("an unknown state is the usual one", () => {
    expect(query("state=gone").state).toBe("active");
    expect(query("state=all").state).toBe("all");
  });
});
