import { expect, test } from "vitest";
import type { Edge, Entity, Lineage } from "../api/types";
import { drawingOf } from "./twins";

const entity = (id: number, kind = "run"): Entity => ({ id, uuid: `u${id}`, kind, namespace: "default", name: `n${id}` });
const edge = (source: number, target: number, kind = "input"): Edge => ({ id: source * 1000 + target, kind, source, target });

/** One data set that `runs` runs read. */
function hub(runs: number): Lineage {
  const ids = Array.from({ length: runs }, (_, at) => at + 2);
  return { start: 1, nodes: [entity(1, "dataset"), ...ids.map((id) => entity(id))], edges: ids.map((id) => edge(1, id)) };
}

test("few like nodes are drawn each", () => {
  const { nodes, edges } = drawingOf(hub(3), 6);
  expect(nodes.map(({ what }) => what)).toEqual(["entity", "entity", "entity", "entity"]);
  expect(edges).toHaveLength(3);
});

test("many like nodes become one group", () => {
  const { nodes, edges } = drawingOf(hub(20), 6);
  expect(nodes).toHaveLength(2);
  expect(nodes[1]).toMatchObject({ what: "group", kind: "run", id: 2 });
  expect(new Set(edges.map(({ target }) => target))).toEqual(new Set([2]));
});

test("a node with another neighbour stays by itself", () => {
  const lineage = hub(20);
  lineage.nodes.push(entity(99, "model"));
  lineage.edges.push(edge(5, 99, "output"));
  const { nodes } = drawingOf(lineage, 6);
  expect(nodes.filter(({ what }) => what === "entity").map(({ id }) => id)).toEqual([1, 5, 99]);
});

test("the node asked about is never folded", () => {
  const lineage = { ...hub(20), start: 7 };
  expect(drawingOf(lineage, 6).nodes.some((node) => node.what === "entity" && node.id === 7)).toBe(true);
});

test("what the reader may not see is there without a name", () => {
  const { nodes } = drawingOf({ start: 1, nodes: [entity(1)], edges: [edge(1, 8)], hidden: [8] }, 6);
  expect(nodes).toContainEqual({ id: 8, what: "hidden" });
});
