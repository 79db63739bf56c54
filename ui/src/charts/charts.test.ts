import { describe, expect, test } from "vitest";
import type { Point } from "../api/types";
import { axisOf, place, ticks } from "./scale";
import { joined, lineOf, smoothed } from "./lines";

const points: Point[] = [
  ["a", 3, 3000, 2],
  ["a", 1, 1000, 0],
  ["a", "NaN", 2000, 1],
];

describe("lines", () => {
  test.each([
    ["step", [0, 1, 2]],
    ["time", [1, 2, 3]],
    ["relative", [0, 1, 2]],
  ] as const)("over %s", (across, x) => {
    expect(lineOf({ entity: 1, points }, across, 0)).toEqual({ entity: 1, x: [...x], y: [1, null, 3] });
  });

  test("smoothing begins at the first value and keeps gaps", () => {
    expect(smoothed([2, null, 2], 0.9)).toEqual([2, null, 2]);
    const [first, second] = smoothed([0, 1], 0.5);
    expect(first).toBe(0);
    expect(second).toBeCloseTo(2 / 3);
  });

  test("lines share one axis", () => {
    const a = { entity: 1, x: [0, 2], y: [1, 2] };
    const b = { entity: 2, x: [1], y: [5] };
    expect(joined([a, b])).toEqual([
      [0, 1, 2],
      [1, undefined, 2],
      [undefined, 5, undefined],
    ]);
  });
});

describe("an axis", () => {
  test("of numbers, of what spans much, of words", () => {
    expect(axisOf([1, 2, 3]).kind).toBe("number");
    expect(axisOf(["0.001", "10"]).kind).toBe("log");
    expect(axisOf([1, "x"])).toMatchObject({ kind: "word", words: ["1", "x"] });
    expect(axisOf([]).kind).toBe("word");
  });

  test("places are between 0 and 1", () => {
    expect(place(axisOf([0, 10]), 5)).toBe(0.5);
    expect(place(axisOf([0.01, 100]), 1)).toBeCloseTo(0.5);
    expect(place(axisOf(["a", "b", "c"]), "b")).toBe(0.5);
    expect(place(axisOf([7, 7]), 7)).toBe(0.5);
    expect(place(axisOf([0, 1]), undefined)).toBeUndefined();
  });

  test("ticks are round", () => {
    expect(ticks(axisOf([0, 10]), 5).map(({ value }) => value)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks(axisOf([0.001, 1]), 5).map(({ value }) => value)).toEqual([0.001, 0.01, 0.1, 1]);
    expect(ticks(axisOf(["b", "a"]), 5).map(({ value }) => value)).toEqual(["a", "b"]);
  });
});
