/** The order of the nodes within each layer, so that few edges cross. */

import type { Graph, Layered } from "./layers";

const SWEEPS = 8;

/** For each layer the ids from top to bottom. */
export function ordered(graph: Layered): number[][] {
  let rows = inLayers(graph);
  let best = rows;
  let fewest = crossings(graph, rows);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    rows = swept(graph, rows, sweep % 2 === 0);
    const now = crossings(graph, rows);
    if (now < fewest) [best, fewest] = [rows, now];
  }
  return best;
}

function inLayers({ ids, layerOf }: Layered): number[][] {
  const rows: number[][] = Array.from({ length: Math.max(-1, ...layerOf.values()) + 1 }, () => []);
  for (const id of ids) rows[layerOf.get(id)!]!.push(id);
  return rows;
}

/** Each layer sorted by where its neighbours in the layer before (or after) stand. */
function swept(graph: Graph, rows: number[][], forward: boolean): number[][] {
  const result = forward ? [...rows] : [...rows].reverse();
  const neighbours = forward ? graph.before : graph.after;
  for (let at = 1; at < result.length; at++) {
    result[at] = sortedByCentre(result[at]!, neighbours, positions(result[at - 1]!));
  }
  return forward ? result : result.reverse();
}

function sortedByCentre(row: number[], neighbours: Map<number, number[]>, places: Map<number, number>): number[] {
  const centres = new Map(row.map((id, at) => [id, mean(neighbours.get(id)!.map((each) => places.get(each)!)) ?? at]));
  return [...row].sort((a, b) => centres.get(a)! - centres.get(b)!);
}

export function mean(values: number[]): number | undefined {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;
}

function positions(row: number[]): Map<number, number> {
  return new Map(row.map((id, index) => [id, index]));
}

/** How many pairs of edges between neighbouring layers cross. */
export function crossings({ after }: Pick<Graph, "after">, rows: number[][]): number {
  let total = 0;
  for (let at = 0; at + 1 < rows.length; at++) {
    const places = positions(rows[at + 1]!);
    const ends = (id: number) => after.get(id)!.map((target) => places.get(target)!).sort((a, b) => a - b);
    total += inversions(rows[at]!.flatMap(ends), places.size);
  }
  return total;
}

/** Pairs that stand in the wrong order, counted with a binary indexed tree: the values are below `size`. */
function inversions(values: number[], size: number): number {
  const tree = new Array<number>(size + 1).fill(0);
  let total = 0;
  values.forEach((value, seen) => {
    total += seen;
    for (let at = value + 1; at > 0; at -= at & -at) total -= tree[at]!;
    for (let at = value + 1; at <= size; at += at & -at) tree[at]!++;
  });
  return total;
}
