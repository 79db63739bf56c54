/** A metric over its steps, drawn by uPlot, which is loaded when the first curve is shown. */

import { useEffect, useRef } from "react";
import type { Point } from "../api/types";
import { measure, toNumber } from "../format/number";
import { useIsDark } from "./theme";

interface CurveProps {
  points: Point[];
  height: number;
  /** Axes, and values under the pointer. */
  detailed?: boolean;
  logarithmic?: boolean;
}

export function Curve({ points, height, detailed = false, logarithmic = false }: CurveProps) {
  const box = useRef<HTMLDivElement>(null);
  const dark = useIsDark();
  useEffect(() => {
    let stop = () => {};
    let left = false;
    void import("./plot").then(({ draw }) => {
      if (!left && box.current) stop = draw(box.current, columns(points), { height, detailed, logarithmic });
    });
    return () => {
      left = true;
      stop();
    };
  }, [points, height, detailed, logarithmic, dark]);
  return <div ref={box} className="curve" style={{ minHeight: height }} role="img" aria-label={inWords(points)} />;
}

export interface Columns {
  /** Steps, or moments in seconds when all steps are the same. */
  x: number[];
  y: (number | null)[];
  timed: boolean;
}

/** What is not finite leaves a gap. */
export function columns(points: Point[]): Columns {
  const timed = points.length > 1 && points.every((point) => point[3] === points[0]![3]);
  const position = (point: Point) => (timed ? point[2] / 1000 : point[3]);
  const sorted = [...points].sort((a, b) => position(a) - position(b) || a[2] - b[2]);
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  return { x: sorted.map(position), y: sorted.map((point) => finite(toNumber(point[1]))), timed };
}

function inWords(points: Point[]): string {
  const values = points.map((point) => toNumber(point[1])).filter(Number.isFinite);
  if (values.length === 0) return "A curve without finite values";
  return `A curve from ${measure(values[0]!)} to ${measure(values.at(-1)!)}, least ${measure(Math.min(...values))}, greatest ${measure(Math.max(...values))}`;
}
