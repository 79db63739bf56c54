import { describe, expect, test } from "vitest";
import type { Edge, Entity, Lineage } from "../api/types";
import { between, merged, reached, without } from "./merge";

const node = (id: number, kind = "dataset"): Entity => ({ id, uuid: `u${id}`, kind, namespace: "n", name: `n${id}` });
const edge = (source: number, target: number): Edge => ({ id: source * 100 + target, kind: "derived", source, target });
const lineage = (nodes: Entity[], edges: Edge[], more: Partial<Lineage> = {}): Lineage => ({ start: nodes[0]!.id, nodes, edges, ...more });
const pairs = ({ edges }: Lineage) => edges.map(({ source, target }) => [source, target]);

test("pieces come together, each node and edge once, and what is known is not hidden", () => {
  const a = lineage([node(1), node(2)], [edge(1, 2)], { hidden: [3] });
  const b = lineage([node(2), node(3)], [edge(1, 2), edge(2, 3)], { hidden: [4], truncated: true });
  const all = merged(1, [a, b]);
  expect(all.nodes.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect([all.hidden, pairs(all), all.truncated]).toEqual([[4], [[1, 2], [2, 3]], true]);
});

describe("ways", () => {
  const links = [edge(1, 2), edge(2, 3), edge(1, 4), edge(4, 3), edge(5, 4), edge(3, 1)];
  test("in both directions, through a cycle, too", () => {
    expect([...reached(4, links, "up")].sort()).toEqual([1, 2, 3, 4, 5]);
    expect([...reached(2, [edge(1, 2), edge(2, 3)], "down")].sort()).toEqual([2, 3]);
  });
  test("between two, whichever comes first", () => {
    const tree = [edge(1, 2), edge(2, 3), edge(1, 4), edge(5, 3)];
    expect([...between(1, 3, tree)].sort()).toEqual([1, 2, 3]);
    expect([...between(3, 1, tree)].sort()).toEqual([1, 2, 3]);
    expect(between(4, 5, tree).size).toBe(0);
  });
});

test("what is left out is bridged, a cycle of it too", () => {
  const found = without(lineage([node(1), node(2, "job"), node(3, "job"), node(4)], [edge(1, 2), edge(2, 3), edge(3, 2), edge(3, 4)]), new Set(["job"]));
  expect([found.nodes.map(({ id }) => id), pairs(found)]).toEqual([[1, 4], [[1, 4]]]);
});
