/** Curves of many runs over one another, drawn by uPlot, which is loaded when the first is shown. */

import { useEffect, useMemo, useRef } from "react";
import type { OneSeries } from "../api/types";
import { useIsDark } from "../components/theme";
import { measure } from "../format/number";
import { joined, lineOf, type Across, type Line } from "./lines";

interface LineChartProps {
  name: string;
  series: OneSeries[];
  /** Of a run, by its id. */
  colourOf: (entity: number) => string;
  nameOf: (entity: number) => string;
  height: number;
  across: Across;
  smoothing: number;
  logarithmic: boolean;
  /** Charts of one key show the same position under the pointer. */
  sync?: string;
}

export function LineChart({ name, series, colourOf, nameOf, height, across, smoothing, logarithmic, sync }: LineChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const dark = useIsDark();
  const lines = useMemo(() => series.map((each) => lineOf(each, across, smoothing)), [series, across, smoothing]);
  const raw = useMemo(() => (smoothing > 0 ? series.map((each) => lineOf(each, across, 0)) : []), [series, across, smoothing]);
  useEffect(() => {
    let stop = () => {};
    let left = false;
    void import("./line-plot").then(({ drawLines }) => {
      if (left || !box.current) return;
      const all = [...raw.map((line) => ({ ...line, faint: true })), ...lines.map((line) => ({ ...line, faint: false }))];
      const looks = all.map(({ entity, faint }) => ({ name: nameOf(entity), colour: colourOf(entity), faint }));
      stop = drawLines(box.current, joined(all), looks, { height, timed: across === "time", logarithmic, ...(sync && { sync }) });
    });
    return () => {
      left = true;
      stop();
    };
  }, [lines, raw, height, across, logarithmic, dark, colourOf, nameOf, sync]);
  return <div ref={box} className="curve line-chart" style={{ minHeight: height }} role="img" aria-label={inWords(name, lines, nameOf)} />;
}

function inWords(name: string, lines: Line[], nameOf: (entity: number) => string): string {
  const ends = lines.slice(0, 8).map(({ entity, y }) => `${nameOf(entity)} ends at ${measure(y.findLast((value) => value !== null) ?? NaN)}`);
  return `${name}: ${ends.join(", ")}${lines.length > 8 ? ` and ${lines.length - 8} more` : ""}`;
}
