import { describe, expect, test } from "vitest";
import { acyclic, graphOf, layered, type Link } from "./layers";
import { curve, increasing, layout, type Sizes } from "./layout";
import { crossings, ordered } from "./order";

const SIZES: Sizes = { width: 100, height: 40, columnGap: 50, rowGap: 10 };

const links = (...pairs: [number, number][]): Link[] => pairs.map(([source, target]) => ({ source, target }));

/** Edges from lower to higher ids, chosen by a small generator of its own so that every run sees the same graphs. */
function randomGraph(nodes: number, edges: number, seed: number): { ids: number[]; links: Link[] } {
  let state = seed;
  const random = (below: number) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state % below;
  };
  const ids = Array.from({ length: nodes }, (_, at) => at + 1);
  const pick = (): Link => ({ source: 1 + random(nodes), target: 1 + random(nodes) });
  return { ids, links: Array.from({ length: edges }, pick) };
}

describe("layers", () => {
  test("a chain gets one layer for each node", () => {
    const { layerOf } = layered([3, 1, 2], links([1, 2], [2, 3]));
    expect([1, 2, 3].map((id) => layerOf.get(id))).toEqual([0, 1, 2]);
  });

  test("a node stands after its furthest predecessor", () => {
    const { layerOf } = layered([1, 2, 3, 4], links([1, 2], [2, 3], [3, 4], [1, 4]));
    expect(layerOf.get(4)).toBe(3);
  });

  test("a source stands next to what uses it", () => {
    const { layerOf } = layered([1, 2, 3, 9], links([1, 2], [2, 3], [9, 3]));
    expect(layerOf.get(9)).toBe(1);
  });

  test("a long edge runs through a placeholder in each layer between", () => {
    const graph = layered([1, 2, 3, 4], links([1, 2], [2, 3], [3, 4], [1, 4]));
    const chain = graph.chains.get("1 4")!;
    expect(chain).toHaveLength(4);
    expect(chain.slice(1, -1).every((id) => graph.placeholders.has(id))).toBe(true);
    expect(chain.map((id) => graph.layerOf.get(id))).toEqual([0, 1, 2, 3]);
  });

  test("placeholders do not collide with ids that are negative", () => {
    const graph = layered([-1, -2, 3], links([-1, -2], [-2, 3], [-1, 3]));
    expect(graph.ids.length).toBe(new Set(graph.ids).size);
  });

  test("a cycle is broken with one edge turned round", () => {
    const free = acyclic([1, 2, 3], links([1, 2], [2, 3], [3, 1]));
    expect(free).toContainEqual({ source: 1, target: 3 });
    expect(free).toHaveLength(3);
  });

  test("two nodes that feed each other keep one edge", () => {
    expect(acyclic([1, 2], links([1, 2], [2, 1]))).toEqual([{ source: 1, target: 2 }]);
  });
});

describe("order", () => {
  test("crossings are counted", () => {
    const graph = graphOf([1, 2, 3, 4], links([1, 4], [2, 3]));
    expect(crossings(graph, [[1, 2], [3, 4]])).toBe(1);
    expect(crossings(graph, [[1, 2], [4, 3]])).toBe(0);
  });

  test("edges that share an end do not cross", () => {
    const graph = graphOf([1, 2, 3], links([1, 3], [2, 3]));
    expect(crossings(graph, [[1, 2], [3]])).toBe(0);
  });

  test("the sweeps untangle what can be untangled", () => {
    const graph = layered([1, 2, 3, 4, 5, 6], links([1, 6], [2, 5], [3, 4]));
    expect(crossings(graph, ordered(graph))).toBe(0);
  });

  test("every node of a layer is kept", () => {
    const { ids, links: edges } = randomGraph(60, 120, 3);
    const graph = layered(ids, edges.filter(({ source, target }) => source !== target));
    expect(ordered(graph).flat().sort((a, b) => a - b)).toEqual([...graph.ids].sort((a, b) => a - b));
  });
});

describe("layout", () => {
  test("nothing gives an empty drawing", () => {
    expect(layout([], [], SIZES)).toEqual({ width: 0, height: 0, spots: [], paths: [] });
  });

  test("one node stands in the corner", () => {
    expect(layout([7], [], SIZES)).toEqual({ width: 100, height: 40, spots: [{ id: 7, x: 0, y: 0 }], paths: [] });
  });

  test("a chain is a straight line from left to right", () => {
    const { spots, paths, width, height } = layout([1, 2, 3], links([1, 2], [2, 3]), SIZES);
    expect(spots.map(({ x, y }) => [x, y])).toEqual([[0, 0], [150, 0], [300, 0]]);
    expect(paths[0]!.points).toEqual([[100, 20], [150, 20]]);
    expect([width, height]).toEqual([400, 40]);
  });

  test("a node stands level with the middle of its inputs", () => {
    const { spots } = layout([1, 2, 3], links([1, 3], [2, 3]), SIZES);
    const [first, second, third] = spots.map(({ y }) => y);
    expect(third).toBeCloseTo((first! + second!) / 2);
  });

  test("edges to unknown nodes, to oneself and repeated ones are left out", () => {
    const { paths } = layout([1, 2], links([1, 2], [1, 2], [1, 1], [1, 99]), SIZES);
    expect(paths.map(({ source, target }) => [source, target])).toEqual([[1, 2]]);
  });

  test("an edge against the direction is drawn from its source", () => {
    const { paths, spots } = layout([1, 2, 3], links([1, 2], [2, 3], [3, 1]), SIZES);
    const back = paths.find(({ source }) => source === 3)!;
    expect(back.points[0]![0]).toBe(spots.find(({ id }) => id === 3)!.x);
    expect(back.points.at(-1)![0]).toBe(spots.find(({ id }) => id === 1)!.x + SIZES.width);
  });

  test.each([1, 2, 3, 4, 5])("no two nodes overlap and none lies outside (graph %i)", (seed) => {
    const { ids, links: edges } = randomGraph(80, 140, seed);
    const { spots, width, height } = layout(ids, edges, SIZES);
    for (const column of new Set(spots.map(({ x }) => x))) {
      const tops = spots.filter(({ x }) => x === column).map(({ y }) => y).sort((a, b) => a - b);
      tops.slice(1).forEach((top, at) => expect(top - tops[at]!).toBeGreaterThanOrEqual(SIZES.height + SIZES.rowGap - 1e-6));
    }
    for (const { x, y } of spots) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(-1e-6);
      expect(x + SIZES.width).toBeLessThanOrEqual(width);
      expect(y + SIZES.height).toBeLessThanOrEqual(height + 1e-6);
    }
  });

  test("the same graph gives the same drawing", () => {
    const { ids, links: edges } = randomGraph(50, 90, 9);
    expect(layout(ids, edges, SIZES)).toEqual(layout(ids, edges, SIZES));
  });

  test("three hundred nodes are drawn at once", () => {
    const { ids, links: edges } = randomGraph(300, 450, 5);
    layout(ids, edges, SIZES);
    const start = performance.now();
    layout(ids, edges, SIZES);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

test("the nearest increasing values pool those in the wrong order", () => {
  expect(increasing([1, 2, 3])).toEqual([1, 2, 3]);
  expect(increasing([3, 1])).toEqual([2, 2]);
  expect(increasing([5, 1, 3, 10])).toEqual([3, 3, 3, 10]);
});

test("a curve is level at its ends", () => {
  expect(curve([[0, 10], [100, 50]])).toBe("M0,10C50,10 50,50 100,50");
  expect(curve([[0, 10], [100, 10]])).toBe("M0,10H100");
});
