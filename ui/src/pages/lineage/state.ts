/** What the address of the lineage page says; the same address shows the same drawing. */

import { navigate, withParams } from "../../router";

export const COLOURS = ["kind", "classification", "freshness"] as const;
export type ColourBy = (typeof COLOURS)[number];

export interface View {
  x: number;
  y: number;
  scale: number;
}

export interface LineageState {
  /** Steps up and down from the start. */
  up: number;
  down: number;
  /** Nodes that were opened further: `12u`, `15d`. */
  more: string[];
  /** Data sets whose columns are shown. */
  columns: number[];
  hidden: string[];
  colour: ColourBy;
  pick: number | null;
  to: number | null;
  /** A column whose way is shown. */
  column: number | null;
  unfolded: boolean;
  view: View | null;
}

const MOST_STEPS = 50;
const STEPS = 2;

export function readState(search: URLSearchParams): LineageState {
  // Of older addresses: `depth` for both ways, `direction` for one of them.
  const depth = search.has("depth") ? steps(search.get("depth"), STEPS) : STEPS;
  const only = search.get("direction");
  return {
    up: search.has("up") ? steps(search.get("up"), STEPS) : only === "down" ? 0 : depth,
    down: search.has("down") ? steps(search.get("down"), STEPS) : only === "up" ? 0 : depth,
    more: list(search.get("more")).filter((each) => /^\d+[ud]$/.test(each)),
    columns: list(search.get("columns")).map(Number).filter(Number.isInteger),
    hidden: list(search.get("without")),
    colour: COLOURS.find((each) => each === search.get("colour")) ?? "kind",
    pick: id(search.get("pick")),
    to: id(search.get("to")),
    column: id(search.get("column")),
    unfolded: search.has("unfold"),
    view: viewOf(search.get("at")),
  };
}

function steps(text: string | null, otherwise: number): number {
  const number = Number(text);
  return Number.isInteger(number) && number >= 0 && number <= MOST_STEPS ? number : otherwise;
}

function list(text: string | null): string[] {
  return (text ?? "").split(",").filter(Boolean);
}

function id(text: string | null): number | null {
  return text && /^\d+$/.test(text) ? Number(text) : null;
}

function viewOf(text: string | null): View | null {
  const [x, y, scale] = (text ?? "").split(",").map(Number);
  if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(scale) || !scale) return null;
  return { x: x!, y: y!, scale };
}

export function change(changes: Record<string, string | string[] | null>): void {
  const flat = Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, Array.isArray(value) ? value.join(",") || null : value]));
  navigate(withParams(flat), { replace: true, keepScroll: true });
}
