import { expect, test } from "vitest";
import { readState } from "./state";

const state = (search: string) => readState(new URLSearchParams(search));

test("without anything: two steps both ways, coloured by kind", () => {
  expect(state("")).toEqual({ up: 2, down: 2, more: [], columns: [], hidden: [], colour: "kind", pick: null, to: null, column: null, unfolded: false, view: null });
});

test("everything that is drawn is in the address", () => {
  expect(state("up=0&down=5&more=3u,4d,x&columns=7,8&without=job,run&colour=freshness&pick=3&to=9&column=11&unfold=1&at=1,-2.5,0.5")).toEqual({
    up: 0, down: 5, more: ["3u", "4d"], columns: [7, 8], hidden: ["job", "run"], colour: "freshness", pick: 3, to: 9, column: 11, unfolded: true, view: { x: 1, y: -2.5, scale: 0.5 },
  });
});

test("older addresses still mean what they meant; nonsense means nothing", () => {
  expect(state("direction=down&depth=5")).toMatchObject({ up: 0, down: 5 });
  expect(state("up=-1&down=x&at=a,b,0&colour=pink&pick=z")).toMatchObject({ up: 2, down: 2, view: null, colour: "kind", pick: null });
});
