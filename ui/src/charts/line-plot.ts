import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { measure } from "../format/number";

export interface Look {
  name: string;
  colour: string;
  /** Behind the smoothed line. */
  faint: boolean;
}

interface Options {
  height: number;
  timed: boolean;
  logarithmic: boolean;
  sync?: string;
}

type Columns = [number[], ...(number | null | undefined)[][]];

/** Draw into the box, and again when its width changes, until the returned function is called. */
export function drawLines(box: HTMLElement, columns: Columns, looks: Look[], options: Options): () => void {
  const tip = document.createElement("div");
  tip.className = "chart-tip";
  tip.hidden = true;
  const plot = new uPlot(settings(box, columns, looks, options, tip), columns as uPlot.AlignedData, box);
  plot.over.append(tip);
  const resize = new ResizeObserver(() => {
    if (box.clientWidth && box.clientWidth !== plot.width) plot.setSize({ width: box.clientWidth, height: options.height });
  });
  resize.observe(box);
  return () => {
    resize.disconnect();
    plot.destroy();
  };
}

function settings(box: HTMLElement, columns: Columns, looks: Look[], options: Options, tip: HTMLElement): uPlot.Options {
  const { borderTopColor: grid, caretColor: text } = getComputedStyle(box);
  const axis = { stroke: text, font: "12px system-ui, sans-serif", grid: { stroke: grid, width: 1 }, ticks: { stroke: grid } };
  const positive = columns.slice(1).every((ys) => ys.every((value) => value == null || value > 0));
  return {
    width: box.clientWidth || 200,
    height: options.height,
    padding: [10, 10, 0, 0],
    legend: { show: false },
    cursor: {
      drag: { x: true, y: false },
      focus: { prox: 30 },
      points: { size: 6 },
      ...(options.sync && { sync: { key: options.sync, setSeries: false } }),
    },
    focus: { alpha: 0.25 },
    scales: { x: { time: options.timed }, y: { distr: options.logarithmic && positive ? 3 : 1 } },
    axes: [{ ...axis, size: 32 }, { ...axis, size: 58, values: (_, all) => all.map((tick) => (tick === null ? "" : measure(tick))) }],
    hooks: { setCursor: [(plot) => showTip(plot, looks, tip)] },
    series: [
      {},
      ...looks.map(({ name, colour, faint }) => ({
        label: name,
        stroke: faint ? `color-mix(in srgb, ${colour} 25%, transparent)` : colour,
        width: faint ? 1 : 1.6,
        spanGaps: true,
        points: { show: columns[0].length < 3 },
      })),
    ],
  };
}

const MOST_TOLD = 8;

/** Values under the pointer, those nearest to it first. */
function showTip(plot: uPlot, looks: Look[], tip: HTMLElement): void {
  const { idx, left = -1, top = -1 } = plot.cursor;
  tip.hidden = idx == null || left < 0;
  if (tip.hidden || idx == null) return;
  const near = looks
    .map((look, at) => ({ look, value: nearest(plot.data[at + 1] as (number | null | undefined)[], idx) }))
    .filter(({ look, value }) => !look.faint && value !== undefined)
    .sort((a, b) => Math.abs(plot.valToPos(a.value!, "y") - top) - Math.abs(plot.valToPos(b.value!, "y") - top))
    .slice(0, MOST_TOLD);
  const x = plot.data[0][idx]!;
  tip.replaceChildren(row("", plot.scales["x"]?.time ? new Date(x * 1000).toLocaleString("en-GB") : measure(x)), ...near.map(({ look, value }) => row(look.colour, look.name, measure(value!))));
  const before = left > plot.over.clientWidth / 2;
  tip.style.left = before ? "auto" : `${left + 14}px`;
  tip.style.right = before ? `${plot.over.clientWidth - left + 14}px` : "auto";
  tip.style.top = "4px";
}

/** The value at this place or shortly before: downsampled lines do not have points at the same steps. */
function nearest(values: (number | null | undefined)[], at: number): number | undefined {
  for (let back = 0; back < 40 && at - back >= 0; back++) {
    const value = values[at - back];
    if (value != null) return value;
  }
  return undefined;
}

function row(colour: string, name: string, value = ""): HTMLElement {
  const line = document.createElement("span");
  const mark = document.createElement("i");
  mark.style.background = colour || "transparent";
  const label = document.createElement("span");
  label.textContent = name;
  const number = document.createElement("b");
  number.textContent = value;
  line.append(mark, label, number);
  return line;
}
