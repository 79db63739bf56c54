import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Columns } from "./curve";
import { measure } from "../format/number";

export interface PlotOptions {
  height: number;
  detailed: boolean;
  logarithmic: boolean;
}

/** Draw into the box, and again when its width changes, until the returned function is called. */
export function draw(box: HTMLElement, data: Columns, options: PlotOptions): () => void {
  const plot = new uPlot(settings(box, data, options), [data.x, data.y], box);
  const resize = new ResizeObserver(() => {
    if (box.clientWidth && box.clientWidth !== plot.width) plot.setSize({ width: box.clientWidth, height: options.height });
  });
  resize.observe(box);
  return () => {
    resize.disconnect();
    plot.destroy();
  };
}

function settings(box: HTMLElement, { y, timed }: Columns, { height, detailed, logarithmic }: PlotOptions): uPlot.Options {
  const { color, borderTopColor: grid, caretColor: text } = getComputedStyle(box);
  const positive = y.every((value) => value === null || value > 0);
  const axis = { stroke: text, font: "12px system-ui, sans-serif", grid: { stroke: grid, width: 1 }, ticks: { stroke: grid } };
  return {
    width: box.clientWidth || 200,
    height,
    padding: detailed ? [12, 12, 0, 0] : [4, 2, 4, 2],
    cursor: { show: detailed, points: { size: 7 }, drag: { x: detailed, y: false } },
    legend: { show: detailed },
    scales: { x: { time: timed }, y: { distr: logarithmic && positive ? 3 : 1 } },
    axes: detailed ? [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map(label) }] : [{ show: false }, { show: false }],
    series: [
      timed ? { label: "time" } : { label: "step" },
      {
        label: "value",
        stroke: color,
        width: 1.5,
        points: { show: y.length < 3 },
        value: (_, value: number | null) => (value === null ? "–" : measure(value)),
      },
    ],
  };
}

function label(tick: number | null): string {
  return tick === null ? "" : measure(tick);
}
