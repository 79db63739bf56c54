import "../../styles/runs.css";
import { useCallback, useMemo, useState } from "react";
import { useEntities, useManySeries } from "../../api/queries";
import type { Entity } from "../../api/types";
import { colour } from "../../charts/colours";
import { LineChart } from "../../charts/line-chart";
import type { Across } from "../../charts/lines";
import { Parallel } from "../../charts/parallel";
import { Scatter } from "../../charts/scatter";
import { Icon } from "../../components/icons";
import { Problem } from "../../components/problem";
import { Empty, usePageTitle, Waiting } from "../../components/small";
import { useIsDark } from "../../components/theme";
import { metricRank } from "../../format/runs";
import { title } from "../../format/words";
import { entityHref, Link, navigate, useSearch, withParams } from "../../router";
import { Filter } from "../entity/properties";
import { compared, type Group } from "./table";

const MOST = 50;
const VIEWS = ["curves", "differences", "parallel", "scatter"] as const;
type View = (typeof VIEWS)[number];
const NAMES: Record<View, string> = { curves: "Curves", differences: "Differences", parallel: "Parallel coordinates", scatter: "Scatter" };

export default function ComparePage() {
  usePageTitle("Compare runs");
  const search = useSearch();
  const refs = [...new Set(search.getAll("run"))].slice(0, MOST);
  const found = useEntities(refs);
  const runs = found.flatMap(({ data }) => (data ? [data.entity] : []));
  const signature = runs.map(({ uuid, revision }) => `${uuid}${revision}`).join();
  const stable = useMemo(() => runs, [signature]);
  const view = VIEWS.find((each) => each === search.get("view")) ?? "curves";
  const error = found.find((each) => each.error)?.error;
  if (refs.length === 0) {
    return (
      <Empty>
        No runs are chosen. <Link href="/runs">Select some in the table of runs</Link>, then press c.
      </Empty>
    );
  }
  if (error && runs.length === 0) return <Problem error={error} />;
  if (runs.length < refs.length && !error) return <Waiting lines={12} />;
  return (
    <div className="compare">
      <header className="runs-head">
        <h1>
          {runs.length === 1 ? "One run" : `${runs.length} runs`} side by side
        </h1>
        <nav className="segments" aria-label="View">
          {VIEWS.map((each) => (
            <Link key={each} href={withParams({ view: each === "curves" ? null : each })} aria-current={each === view ? "true" : undefined} keepScroll>
              {NAMES[each]}
            </Link>
          ))}
        </nav>
      </header>
      <Chips runs={stable} refs={refs} />
      {view === "curves" && <Curves runs={stable} />}
      {view === "differences" && <Differences runs={stable} />}
      {view === "parallel" && <Parallel runs={stable} columns={[]} />}
      {view === "scatter" && <Scatter runs={stable} columns={[]} />}
    </div>
  );
}

function Chips({ runs, refs }: { runs: Entity[]; refs: string[] }) {
  const dark = useIsDark();
  return (
    <ul className="chips" aria-label="Runs">
      {runs.map((run, at) => (
        <li key={run.uuid} className="run-chip">
          <span className="run-colour" style={{ background: colour(at, dark) }} />
          <Link href={entityHref(run.uuid)}>{title(run)}</Link>
          <Link
            className="run-remove"
            href={withParams({ run: refs.filter((ref) => ref !== run.uuid && ref !== String(run.id)) })}
            aria-label={`Leave out ${title(run)}`}
            keepScroll
          >
            <Icon name="close" />
          </Link>
        </li>
      ))}
    </ul>
  );
}

const ACROSS: [Across, string][] = [
  ["step", "Step"],
  ["relative", "Time since start"],
  ["time", "Clock"],
];
const SMALL = 210;
const LARGE = 420;
const MOST_CHARTS = 24;

function Curves({ runs }: { runs: Entity[] }) {
  const search = useSearch();
  const dark = useIsDark();
  const [filter, setFilter] = useState("");
  const across = ACROSS.find(([each]) => each === search.get("across"))?.[0] ?? "step";
  const smoothing = Math.min(0.99, Math.max(0, Number(search.get("smooth")) || 0));
  const logarithmic = search.get("scale") === "log";
  const opened = search.get("metric");
  const keys = useMemo(() => curvedKeys(runs), [runs]);
  const shown = (opened ? [opened] : keys.filter((key) => key.toLowerCase().includes(filter.toLowerCase()))).slice(0, MOST_CHARTS);
  const { data } = useManySeries({ refs: runs.map(({ id }) => String(id)), keys: shown, buckets: opened ? 1000 : 250 });
  const order = useMemo(() => new Map(runs.map(({ id }, at) => [id, at])), [runs]);
  const names = useMemo(() => new Map(runs.map((run) => [run.id, title(run)])), [runs]);
  const colourOf = useCallback((entity: number) => colour(order.get(entity) ?? 0, dark), [order, dark]);
  const nameOf = useCallback((entity: number) => names.get(entity) ?? "", [names]);
  if (keys.length === 0) return <Empty>None of these runs has a metric of more than one step. The differences show single values.</Empty>;
  return (
    <>
      <div className="controls">
        {keys.length > 8 && !opened && <Filter what="metrics" value={filter} change={setFilter} />}
        <nav className="segments" aria-label="Across">
          {ACROSS.map(([each, name]) => (
            <Link key={each} keepScroll href={withParams({ across: each === "step" ? null : each })} aria-current={each === across ? "true" : undefined}>
              {name}
            </Link>
          ))}
        </nav>
        <label className="row">
          <span className="muted">Smoothing</span>
          <input
            type="range"
            min={0}
            max={0.99}
            step={0.01}
            value={smoothing}
            onChange={(event) => navigate(withParams({ smooth: Number(event.target.value) ? event.target.value : null }), { replace: true })}
          />
          <output className="number">{smoothing.toFixed(2)}</output>
        </label>
        <Link className="button" keepScroll role="button" aria-pressed={logarithmic} href={withParams({ scale: logarithmic ? null : "log" })}>
          Log scale
        </Link>
        <span className="muted">Drag to zoom, double-click to see all.</span>
      </div>
      <div className="line-charts" data-single={opened !== null}>
        {shown.map((key) => {
          const series = data?.filter((each) => each.key === key) ?? [];
          return (
            <figure key={key} className="card">
              <figcaption>
                <strong title={key}>{key}</strong>
                <Link keepScroll href={withParams({ metric: opened ? null : key })} aria-label={opened ? "All metrics" : `Larger: ${key}`}>
                  {opened ? "All metrics" : "Larger"}
                </Link>
              </figcaption>
              {data ? (
                <LineChart
                  name={key}
                  series={series}
                  colourOf={colourOf}
                  nameOf={nameOf}
                  height={opened ? LARGE : SMALL}
                  across={across}
                  smoothing={smoothing}
                  logarithmic={logarithmic}
                  sync={`compare ${across}`}
                />
              ) : (
                <div style={{ height: opened ? LARGE : SMALL }} />
              )}
            </figure>
          );
        })}
      </div>
    </>
  );
}

function curvedKeys(runs: Entity[]): string[] {
  const keys = new Set(runs.flatMap(({ metrics = {} }) => Object.entries(metrics).filter(([key, point]) => point[3] > 0 && !key.includes("?")).map(([key]) => key)));
  return [...keys].sort((a, b) => metricRank(a) - metricRank(b) || a.localeCompare(b, "en", { numeric: true }));
}

function Differences({ runs }: { runs: Entity[] }) {
  const search = useSearch();
  const every = search.has("all");
  const [filter, setFilter] = useState("");
  const groups = useMemo(() => compared(runs), [runs]);
  return (
    <>
      <div className="controls">
        <Filter what="rows" value={filter} change={setFilter} />
        <label>
          <input type="checkbox" checked={!every} onChange={() => navigate(withParams({ all: every ? null : "1" }), { replace: true })} /> Only what differs
        </label>
      </div>
      <DifferenceTable groups={groups} runs={runs} every={every} filter={filter.toLowerCase()} />
    </>
  );
}

function DifferenceTable({ groups, runs, every, filter }: { groups: Group[]; runs: Entity[]; every: boolean; filter: string }) {
  const dark = useIsDark();
  const wanted = groups.map((group) => ({
    ...group,
    rows: group.rows.filter((row) => (every || row.differs) && `${row.name} ${row.values.join(" ")}`.toLowerCase().includes(filter)),
  }));
  if (wanted.every(({ rows }) => rows.length === 0)) return <Empty>They do not differ in anything that matches.</Empty>;
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Differences">
      <table className="table compare-table" data-all={every}>
        <thead>
          <tr>
            <td />
            {runs.map((run, at) => (
              <th key={run.uuid} scope="col">
                <span className="run-colour" style={{ background: colour(at, dark) }} /> {title(run)}
              </th>
            ))}
          </tr>
        </thead>
        {wanted.map(
          ({ heading, rows }) =>
            rows.length > 0 && (
              <tbody key={heading}>
                <tr className="compare-group">
                  <th scope="rowgroup" colSpan={runs.length + 1}>
                    {heading}
                  </th>
                </tr>
                {rows.map((row) => (
                  <tr key={row.name} data-differs={row.differs}>
                    <th scope="row">{row.name}</th>
                    {row.values.map((value, at) => (
                      <td key={runs[at]!.uuid} title={value}>
                        {value || <span className="muted">–</span>}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            ),
        )}
      </table>
    </div>
  );
}
