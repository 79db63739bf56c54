/** From a lineage and the columns shown to places of everything that is drawn. */

import type { Entity, Lineage } from "../../api/types";
import { layout, type Layout, type Sizes } from "../../graph/layout";
import { drawingOf, type Drawing, type DrawnNode } from "../../graph/twins";

export const WIDTH = 216;
export const HEAD = 46;
export const ROW = 22;
const SIZES: Sizes = { width: WIDTH, height: HEAD, columnGap: 64, rowGap: 14 };
const MOST_ROWS = 16;
const TOO_ALIKE = 6;

export interface Rows {
  shown: Entity[];
  more: number;
}

export interface Plan {
  drawing: Drawing;
  layout: Layout;
  nodes: Map<number, DrawnNode>;
  rows: Map<number, Rows>;
  heights: Map<number, number>;
  /** Column id → the middle of its row and the left edge of its node. */
  rowAt: Map<number, { x: number; y: number }>;
  wires: { source: number; target: number; d: string }[];
}

export function planOf(lineage: Lineage, unfolded: boolean, columns: Map<number, Entity[]>, way: Lineage | undefined): Plan {
  const drawing = drawingOf(lineage, unfolded ? Infinity : TOO_ALIKE);
  const rows = rowsOf(drawing, columns, way);
  const heights = new Map([...rows].map(([id, { shown, more }]) => [id, HEAD + shown.length * ROW + (more > 0 ? ROW : 0) + 8]));
  const found = layout(drawing.nodes.map(({ id }) => id), drawing.edges, { ...SIZES, heights });
  const rowAt = new Map<number, { x: number; y: number }>();
  for (const { id, x, y } of found.spots) {
    rows.get(id)?.shown.forEach((column, at) => rowAt.set(column.id, { x, y: y + HEAD + at * ROW + ROW / 2 }));
  }
  const wires = (way?.edges ?? []).flatMap(({ source, target }) => {
    const [from, to] = [rowAt.get(source), rowAt.get(target)];
    return from && to ? [{ source, target, d: wire(from.x + WIDTH, from.y, to.x, to.y) }] : [];
  });
  return { drawing, layout: found, nodes: new Map(drawing.nodes.map((node) => [node.id, node])), rows, heights, rowAt, wires };
}

/** The columns of open data sets; of the others those that are on the way shown. */
function rowsOf(drawing: Drawing, columns: Map<number, Entity[]>, way: Lineage | undefined): Map<number, Rows> {
  const onWay = new Map<number, Entity[]>();
  for (const node of way?.nodes ?? []) if (node.home != null) onWay.set(node.home, [...(onWay.get(node.home) ?? []), node]);
  const found = new Map<number, Rows>();
  for (const node of drawing.nodes) {
    const [open, passed] = [columns.get(node.id), onWay.get(node.id) ?? []];
    if (!open && passed.length === 0) continue;
    const wanted = open ? [...passed, ...open.filter((each) => !passed.some(({ id }) => id === each.id))] : passed;
    const few = new Set(wanted.slice(0, MOST_ROWS).map(({ id }) => id));
    const order = open ?? passed;
    found.set(node.id, { shown: order.filter(({ id }) => few.has(id)), more: wanted.length - few.size });
  }
  return found;
}

function wire(fromX: number, fromY: number, toX: number, toY: number): string {
  const bend = Math.max(30, Math.abs(toX - fromX) / 2);
  return `M${fromX},${fromY}C${fromX + bend},${fromY} ${toX - bend},${toY} ${toX},${toY}`;
}

/** The tool that keeps the entity, as far as its namespace tells. */
export function toolOf(namespace: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(namespace)?.[1];
  return (scheme ?? namespace).slice(0, 14);
}

export type Age = "today" | "this week" | "this month" | "older";

const DAY = 86_400_000;

export function ageOf(entity: Entity, now: number): Age {
  const passed = now - (entity.ended ?? entity.started ?? entity.updated ?? 0);
  if (passed < DAY) return "today";
  if (passed < 7 * DAY) return "this week";
  return passed < 30 * DAY ? "this month" : "older";
}
