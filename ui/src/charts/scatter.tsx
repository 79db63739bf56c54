/** Runs as points over two of their columns, coloured by a third. */

import { useMemo, useRef } from "react";
import type { Entity } from "../api/types";
import { useIsDark } from "../components/theme";
import { measure } from "../format/number";
import { split, type Column } from "../pages/runs/state";
import { entityHref, Link, navigate, useSearch, withParams } from "../router";
import { ramp } from "./colours";
import { axisOf, place, ticks, type Axis } from "./scale";
import { useWidth } from "./size";
import { drawable, plainValue, varied } from "./values";

const HEIGHT = 440;
const [LEFT, RIGHT, TOP, BOTTOM] = [72, 34, 34, 44];

export function Scatter({ runs, columns }: { runs: Entity[]; columns: Column[] }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const dark = useIsDark();
  const search = useSearch();
  const all = useMemo(() => drawable(runs, columns), [runs, columns]);
  const useful = useMemo(() => varied(runs, all), [runs, all]);
  const metrics = useful.filter((each) => each.startsWith("metric:"));
  const across = search.get("x") ?? mostSpread(runs, useful) ?? all[0] ?? "";
  const up = search.get("y") ?? metrics[0] ?? useful[1] ?? all[0] ?? "";
  const shade = search.get("colour") ?? metrics[1] ?? "";
  const [xAxis, yAxis, colours] = useMemo(
    () => [across, up, shade].map((column) => axisOf(column ? runs.map((run) => plainValue(run, column)) : [])) as [Axis, Axis, Axis],
    [runs, across, up, shade],
  );
  const x = (at: number) => LEFT + at * (width - LEFT - RIGHT);
  const y = (at: number) => HEIGHT - BOTTOM - at * (HEIGHT - TOP - BOTTOM);
  return (
    <div className="chart" ref={box}>
      <div className="row">
        <Choice name="Across" value={across} columns={all} parameter="x" />
        <Choice name="Up" value={up} columns={all} parameter="y" />
        <Choice name="Colour" value={shade} columns={all} parameter="colour" optional />
      </div>
      {width > 0 && (
        <svg width={width} height={HEIGHT} className="scatter" role="group" aria-label={`${split(up).key} of ${runs.length} runs over ${split(across).key}`}>
          <AxisLines axis={xAxis} horizontal x={x} y={y} />
          <AxisLines axis={yAxis} horizontal={false} x={x} y={y} />
          <text x={width - RIGHT} y={HEIGHT - 6} textAnchor="end" className="scatter-name">
            {split(across).key}
            {xAxis.kind === "log" && " (log)"}
          </text>
          <text x={14} y={TOP - 16} className="scatter-name">
            {split(up).key}
            {yAxis.kind === "log" && " (log)"}
          </text>
          {runs.map((run) => {
            const [h, v] = [place(xAxis, plainValue(run, across)), place(yAxis, plainValue(run, up))];
            if (h === undefined || v === undefined) return null;
            const tone = shade ? place(colours, plainValue(run, shade)) : undefined;
            return (
              <Link key={run.uuid} href={entityHref(run.uuid)} tabIndex={-1} aria-label={run.name}>
                <circle cx={x(h)} cy={y(v)} r={4.5} fill={tone === undefined ? "var(--accent)" : ramp(tone, dark)}>
                  <title>{`${run.name}\n${split(across).key} ${told(run, across)}\n${split(up).key} ${told(run, up)}`}</title>
                </circle>
              </Link>
            );
          })}
        </svg>
      )}
    </div>
  );
}

/** The parameter with the most different numbers says more than one with a few words. */
function mostSpread(runs: Entity[], columns: Column[]): Column | undefined {
  const params = columns.filter((each) => !each.startsWith("metric:"));
  const spread = (column: Column) => {
    const values = new Set(runs.map((run) => plainValue(run, column)));
    return axisOf([...values]).kind === "word" ? 0 : values.size;
  };
  return params.map((column) => ({ column, size: spread(column) })).sort((a, b) => b.size - a.size)[0]?.column;
}

function told(run: Entity, column: Column): string {
  const value = plainValue(run, column);
  return typeof value === "number" ? measure(value) : (value ?? "");
}

function Choice({ name, value, columns, parameter, optional = false }: { name: string; value: string; columns: Column[]; parameter: string; optional?: boolean }) {
  return (
    <label className="row">
      <span className="muted">{name}</span>
      <select value={value} onChange={(event) => navigate(withParams({ [parameter]: event.target.value }), { replace: true })}>
        {optional && <option value="">None</option>}
        {columns.map((column) => (
          <option key={column} value={column}>
            {split(column).key}
          </option>
        ))}
      </select>
    </label>
  );
}

function AxisLines({ axis, horizontal, x, y }: { axis: Axis; horizontal: boolean; x: (at: number) => number; y: (at: number) => number }) {
  return (
    <g className="scatter-axis">
      {ticks(axis, 6).map(({ at, value }) => {
        const text = typeof value === "number" ? measure(value) : value.slice(0, 12);
        return horizontal ? (
          <g key={value}>
            <line x1={x(at)} x2={x(at)} y1={y(0)} y2={y(1)} />
            <text x={x(at)} y={y(0) + 17} textAnchor="middle">
              {text}
            </text>
          </g>
        ) : (
          <g key={value}>
            <line x1={x(0)} x2={x(1)} y1={y(at)} y2={y(at)} />
            <text x={x(0) - 8} y={y(at) + 4} textAnchor="end">
              {text}
            </text>
          </g>
        );
      })}
    </g>
  );
}
