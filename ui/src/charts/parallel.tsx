/** Parallel coordinates: an axis for each column, a line for each run. Dragging along an axis keeps only a part of it. */

import { useMemo, useRef, useState, type PointerEvent } from "react";
import type { Entity } from "../api/types";
import { useIsDark } from "../components/theme";
import { count, measure } from "../format/number";
import { split, type Column } from "../pages/runs/state";
import { navigate, useSearch, withParams } from "../router";
import { ramp } from "./colours";
import { axisOf, place, ticks, type Axis } from "./scale";
import { useWidth } from "./size";
import { drawable, plainValue, varied } from "./values";

const HEIGHT = 420;
const TOP = 44;
const BOTTOM = 18;
const SIDE = 60;
const MOST_AT_FIRST = 7;
const LEAST_DRAG = 0.02;
type Range = [least: number, greatest: number];

export function Parallel({ runs, columns }: { runs: Entity[]; columns: Column[] }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const dark = useIsDark();
  const chosen = useSearch().get("axes");
  const all = useMemo(() => drawable(runs, columns), [runs, columns]);
  const shown = useMemo(() => (chosen ? chosen.split(",").map(decodeURIComponent) : first(varied(runs, all))), [chosen, runs, all]);
  const axes = useMemo(() => shown.map((column) => axisOf(runs.map((run) => plainValue(run, column)))), [shown, runs]);
  const [ranges, setRanges] = useState<Record<Column, Range>>({});
  const last = axes.length - 1;
  const x = (at: number) => (axes.length < 2 ? width / 2 : SIDE + (at * (width - 2 * SIDE)) / last);
  const y = (at: number) => HEIGHT - BOTTOM - at * (HEIGHT - TOP - BOTTOM);
  const places = useMemo(() => runs.map((run) => shown.map((column, at) => place(axes[at]!, plainValue(run, column)))), [runs, shown, axes]);
  const kept = places.map((each) => shown.every((column, at) => inside(ranges[column], each[at])));
  const change = (next: Column[]) => navigate(withParams({ axes: next.map(encodeURIComponent).join(",") || null }), { replace: true });
  return (
    <div className="chart" ref={box}>
      <div className="row">
        <span aria-live="polite">
          {count(kept.filter(Boolean).length)} of {count(runs.length)} runs
        </span>
        {Object.keys(ranges).length > 0 && (
          <button type="button" className="quiet" onClick={() => setRanges({})}>
            Keep all
          </button>
        )}
        <AddAxis columns={all.filter((each) => !shown.includes(each))} add={(column) => change([...shown, column])} />
        <span className="muted">Drag along an axis to keep a part of it; the last axis gives the colour.</span>
      </div>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="group" aria-label={`Parallel coordinates of ${runs.length} runs over ${shown.map((each) => split(each).key).join(", ")}`}>
          {[false, true].map((on) =>
            places.map(
              (each, index) =>
                kept[index] === on && (
                  <path
                    key={`${runs[index]!.uuid}${on}`}
                    className="parallel-line"
                    data-kept={on}
                    d={polyline(each, x, y)}
                    style={on && each[last] !== undefined ? { stroke: ramp(each[last], dark), strokeOpacity: runs.length > 200 ? 0.35 : 0.75 } : undefined}
                  >
                    <title>{runs[index]!.name}</title>
                  </path>
                ),
            ),
          )}
          {shown.map((column, at) => (
            <AxisView
              key={column}
              name={split(column).key}
              axis={axes[at]!}
              x={x(at)}
              y={y}
              range={ranges[column]}
              keep={(range) => setRanges(({ [column]: _, ...others }) => (range ? { ...others, [column]: range } : others))}
              remove={() => change(shown.filter((each) => each !== column))}
            />
          ))}
        </svg>
      )}
    </div>
  );
}

function first(columns: Column[]): Column[] {
  const metrics = columns.filter((each) => each.startsWith("metric:"));
  const params = columns.filter((each) => !each.startsWith("metric:"));
  return [...params.slice(0, MOST_AT_FIRST - 1), ...metrics.slice(0, 1)];
}

function inside(range: Range | undefined, at: number | undefined): boolean {
  return !range || (at !== undefined && at >= range[0] - 1e-9 && at <= range[1] + 1e-9);
}

function polyline(places: (number | undefined)[], x: (at: number) => number, y: (at: number) => number): string {
  let pen = "M";
  return places
    .map((each, at) => {
      if (each === undefined) {
        pen = "M";
        return "";
      }
      const step = `${pen}${x(at).toFixed(1)},${y(each).toFixed(1)}`;
      pen = "L";
      return step;
    })
    .join("");
}

function AddAxis({ columns, add }: { columns: Column[]; add: (column: Column) => void }) {
  if (columns.length === 0) return null;
  return (
    <select aria-label="Add an axis" value="" onChange={(event) => add(event.target.value)}>
      <option value="">Add an axis …</option>
      {columns.map((column) => (
        <option key={column} value={column}>
          {split(column).key}
        </option>
      ))}
    </select>
  );
}

interface AxisViewProps {
  name: string;
  axis: Axis;
  x: number;
  y: (at: number) => number;
  range: Range | undefined;
  keep: (range: Range | null) => void;
  remove: () => void;
}

function AxisView({ name, axis, x, y, range, keep, remove }: AxisViewProps) {
  const from = useRef<number | null>(null);
  const at = (event: PointerEvent<SVGElement>) => {
    const box = event.currentTarget.ownerSVGElement!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (y(0) - (event.clientY - box.top)) / (y(0) - y(1))));
  };
  const drag = (event: PointerEvent<SVGElement>) => {
    if (from.current === null) return;
    const here = at(event);
    const next: Range = [Math.min(from.current, here), Math.max(from.current, here)];
    keep(next[1] - next[0] < LEAST_DRAG ? null : next);
  };
  return (
    <g transform={`translate(${x} 0)`} className="parallel-axis">
      <text y={16} textAnchor="middle" className="parallel-name">
        {name.length > 18 ? `${name.slice(0, 17)}…` : name}
        <title>{name}</title>
      </text>
      <text y={32} textAnchor="middle" className="parallel-remove" role="button" tabIndex={0} aria-label={`Remove the axis ${name}`} onClick={remove} onKeyDown={(event) => event.key === "Enter" && remove()}>
        remove
      </text>
      <line y1={y(0)} y2={y(1)} />
      {ticks(axis, 5).map(({ at: where, value }) => (
        <text key={value} x={7} y={y(where) + 4} className="parallel-tick">
          {typeof value === "number" ? measure(value) : value.slice(0, 14)}
        </text>
      ))}
      {range && <rect className="parallel-range" x={-7} width={14} y={y(range[1])} height={y(range[0]) - y(range[1])} />}
      <rect
        className="parallel-grip"
        x={-16}
        width={32}
        y={y(1) - 6}
        height={y(0) - y(1) + 12}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          from.current = at(event);
          keep(null);
        }}
        onPointerMove={drag}
        onPointerUp={(event) => {
          drag(event);
          from.current = null;
        }}
      />
    </g>
  );
}
