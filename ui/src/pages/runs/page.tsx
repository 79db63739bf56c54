import "../../styles/runs.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { rowsOptions, useFind } from "../../api/queries";
import type { Entity, Query } from "../../api/types";
import { Parallel } from "../../charts/parallel";
import { Scatter } from "../../charts/scatter";
import { Icon } from "../../components/icons";
import { useKeys } from "../../components/keys";
import { Problem } from "../../components/problem";
import { Empty, usePageTitle, Waiting } from "../../components/small";
import { Mistake, narrowed, written } from "../../format/expression";
import { count } from "../../format/number";
import { runColumns } from "../../format/runs";
import { title } from "../../format/words";
import { Link, navigate, queryText, useSearch, withParams } from "../../router";
import { Columns } from "./columns";
import { Experiments } from "./experiments";
import { Grid } from "./grid";
import { columnsText, DEFAULTS, queryOf, readState, VIEWS, type Column, type RunsState, type View } from "./state";

const SAMPLE = 100;
const CHARTED = 1000;
const MOST_COMPARED = 50;
const EXPERIMENTS: Query = {
  kinds: ["experiment"],
  order: [{ field: { field: "attribute", name: "updated" }, descending: true }],
  limit: 1000,
  parts: [],
};
const VIEW_NAMES: Record<View, string> = { table: "Table", parallel: "Parallel coordinates", scatter: "Scatter" };

export default function RunsPage() {
  usePageTitle("Runs");
  const search = useSearch();
  const state = useMemo(() => readState(search), [search.toString()]);
  const { asked, mistake } = useValid(state);
  const { data: found } = useFind(EXPERIMENTS);
  const experiments = useMemo(() => new Map((found?.entities ?? []).map((each) => [each.id, title(each)])), [found]);
  const { sample, total, error, refetch, known } = useSample(asked);
  const columns = useMemo(() => state.columns ?? defaultColumns(sample ?? [], asked), [state.columns, sample, asked]);
  const [selected, toggle, clear] = useSelection();
  const [choosing, setChoosing] = useState(false);
  const filter = useRef<HTMLInputElement>(null);
  const compare = () => selected.size > 0 && navigate(`/compare${queryText({ run: [...selected].slice(0, MOST_COMPARED) })}`);
  useKeys({ e: () => filter.current?.focus(), c: () => void compare(), Escape: clear });
  if (error && !sample) return <Problem error={error} retry={refetch} />;
  return (
    <div className="runs-page">
      <Experiments experiments={found?.entities ?? []} chosen={state.experiments} />
      <div className="runs-main">
        <header className="runs-head">
          <h1>{headingOf(state, experiments)}</h1>
          <span className="muted" aria-live="polite">
            {total !== undefined && `${count(total)} ${total === 1 ? "run" : "runs"}`}
          </span>
          <nav className="segments" aria-label="View">
            {VIEWS.map((view) => (
              <Link key={view} href={withParams({ view: view === "table" ? null : view })} aria-current={view === state.view ? "true" : undefined} keepScroll>
                {VIEW_NAMES[view]}
              </Link>
            ))}
          </nav>
        </header>
        <div className="runs-tools">
          <FilterBox input={filter} text={state.filter} mistake={mistake} />
          <button type="button" onClick={() => setChoosing(true)}>
            <Icon name="columns" /> Columns
          </button>
          <Link className="button" role="button" aria-pressed={state.deleted} href={withParams({ deleted: state.deleted ? null : "1" })} keepScroll>
            Deleted
          </Link>
        </div>
        <div className="runs-picked" data-any={selected.size > 0}>
          {selected.size > 0 ? (
            <>
              <span>{count(selected.size)} selected</span>
              <button type="button" className="primary small" onClick={compare}>
                Compare
              </button>
              <button type="button" className="quiet" onClick={clear}>
                Select none
              </button>
              {selected.size > MOST_COMPARED && <span className="muted">The first {MOST_COMPARED} are compared.</span>}
            </>
          ) : (
            <span className="muted">Select runs to compare them.</span>
          )}
        </div>
        {sample === undefined && <Waiting lines={12} />}
        {sample?.length === 0 && <Nothing filtered={state.filter !== "" || state.experiments.length > 0} />}
        {sample && sample.length > 0 && state.view === "table" && (
          <Grid
            state={asked}
            columns={columns}
            selected={selected}
            experiments={experiments}
            toggle={toggle}
            sort={(order) => navigate(withParams({ order }), { keepScroll: true })}
            narrow={(column, value) => navigate(withParams({ filter: narrowed(state.filter, written(column, value)) }), { keepScroll: true })}
          />
        )}
        {sample && sample.length > 0 && state.view !== "table" && <Charts state={asked} columns={columns} />}
      </div>
      {choosing && (
        <Columns
          known={known}
          chosen={columns}
          change={(next) => navigate(withParams({ columns: next && columnsText(next) }), { replace: true })}
          close={() => setChoosing(false)}
        />
      )}
    </div>
  );
}

/** The state whose filter was last understood, and what is wrong with the present one. */
function useValid(state: RunsState): { asked: RunsState; mistake: Mistake | null } {
  const last = useRef<RunsState>({ ...state, filter: "" });
  return useMemo(() => {
    try {
      queryOf(state, 0);
      last.current = state;
      return { asked: state, mistake: null };
    } catch (error) {
      return { asked: { ...state, filter: last.current.filter }, mistake: error as Mistake };
    }
  }, [state]);
}

/** The first runs with all they have, from which the columns are known. */
function useSample(state: RunsState) {
  const query = { ...queryOf({ ...state, order: "" }, 0, SAMPLE) };
  const everything = useFind({ ...query, parts: ["properties", "metrics"] });
  const sample = everything.data?.entities;
  const known = useMemo(() => (sample ? keysOf(sample) : []), [sample]);
  return { sample, known, total: everything.data?.total ?? undefined, error: everything.error, refetch: everything.refetch };
}

function keysOf(runs: Entity[]): Column[] {
  const found = new Set<Column>();
  for (const run of runs) {
    for (const key of Object.keys(run.metrics ?? {})) found.add(`metric:${key}`);
    for (const key of Object.keys(run.properties ?? {})) {
      const match = /^(param|tag)\.(.+)$/s.exec(key);
      if (match) found.add(`${match[1]}:${match[2]}`);
    }
  }
  return [...found].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function defaultColumns(sample: Entity[], { experiments }: RunsState): Column[] {
  const found = runColumns(sample).map(({ field, key }) => `${field}:${key}`);
  return [...DEFAULTS, ...(experiments.length === 1 ? [] : ["experiment"]), ...found];
}

function useSelection(): [Set<string>, (uuids: string[]) => void, () => void] {
  const [selected, setSelected] = useState<Set<string>>(() => new Set(useKept.current));
  useEffect(() => {
    useKept.current = [...selected];
  }, [selected]);
  const toggle = (uuids: string[]) =>
    setSelected((before) => {
      const next = new Set(before);
      for (const uuid of uuids) if (!next.delete(uuid)) next.add(uuid);
      return next;
    });
  return [selected, toggle, () => setSelected(new Set())];
}

/** Going to a run and back loses no selection. */
const useKept: { current: string[] } = { current: [] };

function headingOf({ experiments }: RunsState, names: Map<number, string>): string {
  if (experiments.length === 0) return "Runs";
  return experiments.map((id) => names.get(id) ?? `#${id}`).join(", ");
}

function FilterBox({ input, text, mistake }: { input: React.RefObject<HTMLInputElement | null>; text: string; mistake: Mistake | null }) {
  const [value, setValue] = useState(text);
  useEffect(() => setValue(text), [text]);
  useEffect(() => {
    if (value === text) return;
    const timer = setTimeout(() => navigate(withParams({ filter: value.trim() ? value : null }), { replace: true }), 350);
    return () => clearTimeout(timer);
  }, [value, text]);
  return (
    <div className="expression" data-wrong={mistake !== null}>
      <Icon name="filter" />
      <input
        ref={input}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        spellCheck={false}
        autoComplete="off"
        aria-label="Filter runs"
        aria-invalid={mistake !== null}
        aria-describedby="expression-about"
        placeholder={'metrics.loss < 0.5 and params.depth = 6'}
      />
      {value && (
        <button type="button" className="icon-button" aria-label="Clear the filter" onClick={() => setValue("")}>
          <Icon name="close" />
        </button>
      )}
      <p id="expression-about" className="expression-about" role={mistake ? "alert" : undefined}>
        {mistake ? capitalised(mistake.message) : "metrics.K, params.K, tags.K, status, name, owner · = != < > ~ like in · and or not"}
      </p>
    </div>
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + ".";
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty>
        No run matches. <Link href="/runs">Show all runs</Link>
      </Empty>
    );
  }
  return (
    <Empty>
      No runs yet. Point a client here and train: <code>mlflow.set_tracking_uri("{location.origin}")</code>
    </Empty>
  );
}

function Charts({ state, columns }: { state: RunsState; columns: Column[] }) {
  const { data } = useQuery({
    ...rowsOptions({ query: queryOf(state, 0, CHARTED), properties: ["status", "param.*"], metrics: columns.filter((each) => each.startsWith("metric:")).map((each) => each.slice(7)) }),
    placeholderData: keepPreviousData,
  });
  if (!data) return <Waiting lines={10} />;
  const runs = data.entities;
  const more = (data.total ?? 0) > runs.length;
  return (
    <>
      {more && (
        <p className="muted">
          The first {count(runs.length)} of {count(data.total ?? 0)} are drawn; a filter or another order brings others.
        </p>
      )}
      {state.view === "parallel" ? <Parallel runs={runs} columns={columns} /> : <Scatter runs={runs} columns={columns} />}
    </>
  );
}
