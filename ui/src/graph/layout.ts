/**
 * A layered drawing of a directed graph, left to right.
 *
 * Cycles are broken by turning edges round, layers are longest paths, long edges run through placeholders, crossings
 * are reduced by barycentre sweeps, and nodes are then pulled level with their neighbours. The same graph in the same
 * order gives the same drawing.
 */

import { layered, linkKey, turned, withoutRepeats, type Layered, type Link } from "./layers";
import { mean, ordered } from "./order";

export interface Sizes {
  width: number;
  height: number;
  /** Between two layers. */
  columnGap: number;
  /** Between two nodes of one layer. */
  rowGap: number;
  /** Of nodes that are higher than the others. */
  heights?: Map<number, number>;
}

export interface Spot {
  id: number;
  /** Upper left corner. */
  x: number;
  y: number;
}

export interface Path extends Link {
  /** From the source's side to the target's, through the gaps of the layers between. */
  points: [x: number, y: number][];
}

export interface Layout {
  width: number;
  height: number;
  spots: Spot[];
  paths: Path[];
}

const LEVELLINGS = 8;
const PLACEHOLDER_HEIGHT = 8;

export function layout(nodes: number[], edges: Link[], sizes: Sizes): Layout {
  const ids = [...new Set(nodes)];
  const known = new Set(ids);
  const joins = ({ source, target }: Link) => source !== target && known.has(source) && known.has(target);
  const links = withoutRepeats(edges).filter(joins);
  const graph = layered(ids, links);
  const rows = ordered(graph);
  const middles = levelled(graph, rows, sizes);
  const left = (id: number) => graph.layerOf.get(id)! * (sizes.width + sizes.columnGap);
  return {
    width: Math.max(0, rows.length * (sizes.width + sizes.columnGap) - sizes.columnGap),
    height: Math.max(0, ...[...middles].map(([id, middle]) => middle + heightOf(graph, id, sizes) / 2)),
    spots: ids.map((id) => ({ id, x: left(id), y: middles.get(id)! - heightOf(graph, id, sizes) / 2 })),
    paths: links.map((link) => ({ ...link, points: pointsOf(graph, link, middles, left, sizes.width) })),
  };
}

function heightOf(graph: Layered, id: number, sizes: Sizes): number {
  return graph.placeholders.has(id) ? PLACEHOLDER_HEIGHT : (sizes.heights?.get(id) ?? sizes.height);
}

/** The vertical middle of each node, from 0 down: as near to its neighbours as the order of its layer allows. */
function levelled(graph: Layered, rows: number[][], sizes: Sizes): Map<number, number> {
  const offsets = rows.map((row) => offsetsOf(graph, row, sizes));
  const middles = new Map(rows.flatMap((row, at) => row.map((id, index) => [id, offsets[at]![index]!] as const)));
  for (let round = 0; round < LEVELLINGS; round++) {
    const forward = round % 2 === 0;
    const order = forward ? [...rows.keys()] : [...rows.keys()].reverse();
    for (const at of order) pull(rows[at]!, offsets[at]!, forward ? graph.before : graph.after, middles);
  }
  const top = Math.min(...[...middles].map(([id, middle]) => middle - heightOf(graph, id, sizes) / 2));
  return new Map([...middles].map(([id, middle]) => [id, middle - top]));
}

/** Middles of the nodes of one layer when they stand as close as they may. */
function offsetsOf(graph: Layered, row: number[], sizes: Sizes): number[] {
  let bottom = -sizes.rowGap;
  return row.map((id) => {
    const middle = bottom + sizes.rowGap + heightOf(graph, id, sizes) / 2;
    bottom = middle + heightOf(graph, id, sizes) / 2;
    return middle;
  });
}

function pull(row: number[], offsets: number[], neighbours: Map<number, number[]>, middles: Map<number, number>): void {
  const wanted = row.map((id) => mean(neighbours.get(id)!.map((each) => middles.get(each)!)) ?? middles.get(id)!);
  const shifts = increasing(wanted.map((value, index) => value - offsets[index]!));
  row.forEach((id, index) => middles.set(id, offsets[index]! + shifts[index]!));
}

/** The non-decreasing values nearest to the given ones in the sum of squares (pooling adjacent violators). */
export function increasing(values: number[]): number[] {
  const pools: { sum: number; size: number }[] = [];
  for (const value of values) {
    let pool = { sum: value, size: 1 };
    for (let last = pools.at(-1); last && last.sum / last.size > pool.sum / pool.size; last = pools.at(-1)) {
      pool = { sum: last.sum + pool.sum, size: last.size + pool.size };
      pools.pop();
    }
    pools.push(pool);
  }
  return pools.flatMap(({ sum, size }) => new Array<number>(size).fill(sum / size));
}

function pointsOf(
  graph: Layered,
  link: Link,
  middles: Map<number, number>,
  left: (id: number) => number,
  width: number,
): [number, number][] {
  const straight = graph.chains.get(linkKey(link));
  const chain = straight ?? graph.chains.get(linkKey(turned(link)))!;
  const points = chain.flatMap((id, at): [number, number][] => {
    const y = middles.get(id)!;
    const sides: [number, number][] = [[left(id), y], [left(id) + width, y]];
    if (at === 0) return sides.slice(1);
    return at === chain.length - 1 ? sides.slice(0, 1) : sides;
  });
  return straight ? points : points.reverse();
}

/** An SVG path through the points: level at each of them. */
export function curve(points: [number, number][]): string {
  return points
    .map(([x, y], at) => {
      if (at === 0) return `M${round(x)},${round(y)}`;
      const [fromX, fromY] = points[at - 1]!;
      const middle = round((fromX + x) / 2);
      return fromY === y ? `H${round(x)}` : `C${middle},${round(fromY)} ${middle},${round(y)} ${round(x)},${round(y)}`;
    })
    .join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
