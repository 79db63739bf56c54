/** Series of many runs made ready to be drawn over one axis. */

import type { OneSeries, Point } from "../api/types";
import { toNumber } from "../format/number";

export type Across = "step" | "time" | "relative";

export interface Line {
  entity: number;
  x: number[];
  y: (number | null)[];
}

/** One run's points in order; `relative` is in seconds since its first point, `time` in seconds since the epoch. */
export function lineOf({ entity, points }: Pick<OneSeries, "entity" | "points">, across: Across, smoothing: number): Line {
  const first = points.reduce((least, point) => Math.min(least, point[2]), Infinity);
  const position = (point: Point) => (across === "step" ? point[3] : across === "time" ? point[2] / 1000 : (point[2] - first) / 1000);
  const sorted = [...points].sort((a, b) => position(a) - position(b) || a[2] - b[2]);
  const finite = sorted.map((point) => toNumber(point[1])).map((value) => (Number.isFinite(value) ? value : null));
  return { entity, x: sorted.map(position), y: smoothed(finite, smoothing) };
}

/** An exponential mean that is right from the first point on; gaps stay gaps. */
export function smoothed(values: (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return values;
  let [mean, sum] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    mean = mean * weight + value * (1 - weight);
    sum = sum * weight + (1 - weight);
    return mean / sum;
  });
}

/** All lines over the union of their positions, as uPlot wants them; undefined where a line has no point. */
export function joined(lines: Line[]): [number[], ...(number | null | undefined)[][]] {
  const xs = [...new Set(lines.flatMap(({ x }) => x))].sort((a, b) => a - b);
  const at = new Map(xs.map((x, index) => [x, index]));
  const ys = lines.map(({ x, y }) => {
    const column = new Array<number | null | undefined>(xs.length).fill(undefined);
    x.forEach((each, index) => (column[at.get(each)!] = y[index]));
    return column;
  });
  return [xs, ...ys];
}
