import { describe, expect, test } from "vitest";
import { columnsText, nextOrder, numberOf, queryOf, readState, rowsOf, valueOf } from "./state";

const state = (search: string) => readState(new URLSearchParams(search));

describe("the address of the runs page", () => {
  test("without anything: all runs, newest first", () => {
    expect(queryOf(state(""), 0)).toEqual({
      kinds: ["run"],
      order: [{ field: { field: "attribute", name: "started" }, descending: true }],
      state: "active",
      limit: 100,
      parts: [],
      count: true,
    });
  });

  test("a later page is not counted anew", () => {
    expect(queryOf(state(""), 200)).toMatchObject({ offset: 200, count: false });
  });

  test("experiments and a filter narrow it", () => {
    const { where } = queryOf(state("experiment=4&experiment=5&filter=metrics.loss+%3C+1"), 0);
    expect(where).toMatchObject({ expr: "and", parts: [{ op: "in", value: [4, 5] }, { op: "<", value: 1 }] });
  });

  test("columns survive the address, with odd characters too", () => {
    const columns = ["metric:val/loss, mean", "param:a b", "started"];
    expect(state(`columns=${encodeURIComponent(columnsText(columns))}`).columns).toEqual(columns);
    expect(state("").columns).toBeNull();
  });

  test("only what the columns show is asked for", () => {
    expect(rowsOf({}, ["metric:a", "param:b", "tag:c", "started"])).toEqual({
      query: {},
      properties: ["status", "param.b", "tag.c"],
      metrics: ["a"],
    });
  });

  test("a heading sorts one way, the other, not at all", () => {
    expect([nextOrder("", "metric:a"), nextOrder("-metric:a", "metric:a"), nextOrder("metric:a", "metric:a")]).toEqual([
      "-metric:a",
      "metric:a",
      null,
    ]);
    expect(nextOrder("", "started")).toBe("started");
    expect(nextOrder("", "param:b")).toBe("param:b");
  });

  test("values of a run", () => {
    const run = { id: 1, uuid: "u", kind: "run", namespace: "n", name: "r", metrics: { a: ["a", 0.5, 1, 1] as [string, number, number, number] }, properties: { "param.b": "3", "param.c": "x" } };
    expect([valueOf(run, "metric:a"), valueOf(run, "param:b"), valueOf(run, "tag:no")]).toEqual([0.5, "3", undefined]);
    expect([numberOf(run, "param:b"), numberOf(run, "param:c")]).toEqual([3, undefined]);
  });
});
