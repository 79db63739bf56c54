import { describe, expect, test } from "vitest";
import { bars } from "../charts/density";
import { parseTable } from "./csv";
import { matchOf, pieces, wordsOf } from "./matches";
import { compact } from "./number";
import { statisticsOf } from "./statistics";

describe("statistics", () => {
  test("are read from any shape", () => {
    const { rows, columns } = statisticsOf({ row_count: 9, columns: { a: { null_count: 1, min: 0, max: "z", quantiles: { "0.5": 2, x: "y" } } } });
    expect(rows).toBe(9);
    expect(columns.get("a")).toEqual({ nulls: 1, distinct: undefined, least: 0, greatest: "z", quantiles: { "0.5": 2 } });
    expect(statisticsOf("text")).toEqual({ rows: undefined, columns: new Map() });
  });

  test("a spread is dense where quantiles are near", () => {
    const found = bars({ "0": 0, "0.5": 1, "1": 10 });
    expect(found.map(({ x, width }) => [x, width])).toEqual([[0, 0.1], [0.1, 0.9]]);
    expect(found[0]!.height).toBe(1);
    expect(found[1]!.height).toBeLessThan(0.5);
    expect(bars({ "0": 1, "0.5": 1, "1": 1 })).toEqual([]);
  });

  test("large counts are short", () => expect([compact(9_999), compact(1_234_567)]).toEqual(["9,999", "1.2M"]));
});

describe("tables in text", () => {
  test("quotes, empty cells, both ends of line", () => {
    expect(parseTable('a,b\r\n"x, ""y""",\n1,2', ",", 9)).toEqual([["a", "b"], ['x, "y"', ""], ["1", "2"]]);
    expect(parseTable("a\tb\n1\t2\n3\t4\n", "\t", 2)).toEqual([["a", "b"], ["1", "2"]]);
    expect(parseTable("", ",", 9)).toEqual([]);
  });
});

describe("where words match", () => {
  const entity = { id: 1, uuid: "u", kind: "run", namespace: "ml", name: "trial 1", owner: "mia", properties: { "param.lr": "0.1", description: "The churn model of last year" } };
  test("not told when the name has them all", () => expect(matchOf(entity, ["trial"])).toBeNull());
  test("in the description, a key, an owner", () => {
    expect(matchOf(entity, ["churn"])).toEqual({ where: "description", text: "The churn model of last year" });
    expect(matchOf(entity, ["lr"])).toEqual({ where: "param lr", text: "0.1" });
    expect(matchOf(entity, ["mia"])).toEqual({ where: "owner", text: "mia" });
    expect(matchOf(entity, ["nowhere"])).toBeNull();
  });
  test("words stand out, whatever they contain", () => {
    expect(pieces("a (b) c", ["(b)"])).toEqual(["a ", "(b)", " c"]);
    expect(pieces("Churn churn", ["churn"])).toEqual(["", "Churn", " ", "churn", ""]);
    expect(wordsOf(" A-b  c_d ")).toEqual(["a", "b", "c", "d"]);
  });
});
