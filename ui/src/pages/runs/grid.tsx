/** A table of any length: only the rows in sight exist, and the arrow keys move from cell to cell. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { Entity } from "../../api/types";
import { Icon } from "../../components/icons";
import { Ago, Status } from "../../components/small";
import { measure, toNumber } from "../../format/number";
import { short } from "../../format/properties";
import { duration } from "../../format/time";
import { title } from "../../format/words";
import { entityHref, Link, navigate } from "../../router";
import { useHomes } from "./homes";
import { usePages } from "./pages";
import { ATTRIBUTES, nextOrder, split, valueOf, type Column, type RunsState } from "./state";

const ROW = 34;
const AHEAD = 12;
const SELECT = 36;
const NAME = 230;

interface GridProps {
  state: RunsState;
  columns: Column[];
  selected: Set<string>;
  experiments: Map<number, string>;
  toggle: (uuids: string[], on?: boolean) => void;
  sort: (order: string | null) => void;
  narrow: (column: Column, value: string | number) => void;
}

export function Grid({ state, columns, selected, experiments, toggle, sort, narrow }: GridProps) {
  const box = useRef<HTMLDivElement>(null);
  const [total, setTotal] = useState(0);
  const rows = useVirtualizer({ count: total, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: AHEAD });
  const items = rows.getVirtualItems();
  const table = usePages(state, columns, items[0]?.index ?? 0, items.at(-1)?.index ?? 0);
  const homes = useHomes(experiments, items.map(({ index }) => table.row(index)));
  useEffect(() => setTotal(table.total), [table.total]);
  const [focus, setFocus] = useState<[row: number, column: number]>([-1, 1]);
  const widths = useMemo(() => [SELECT, NAME, ...columns.map(widthOf)], [columns]);
  const template = widths.map((width, at) => (at < 2 ? `${width}px` : `minmax(${width}px, 1fr)`)).join(" ");
  const width = widths.reduce((sum, each) => sum + each, 0);
  const now = useMemo(Date.now, [table.loaded]);

  const move = (row: number, column: number) => {
    const next: [number, number] = [clamp(row, -1, table.total - 1), clamp(column, 0, columns.length + 1)];
    if (next[0] >= 0) rows.scrollToIndex(next[0]);
    setFocus(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-cell="${next[0]} ${next[1]}"]`)?.focus());
  };
  const press = (event: KeyboardEvent) => {
    const [row, column] = focus;
    const run = table.row(row);
    const act: Record<string, (() => void) | undefined> = {
      ArrowDown: () => move(row + 1, column),
      ArrowUp: () => move(row - 1, column),
      ArrowRight: () => move(row, column + 1),
      ArrowLeft: () => move(row, column - 1),
      PageDown: () => move(row + 20, column),
      PageUp: () => move(Math.max(0, row - 20), column),
      Home: () => move(event.ctrlKey ? 0 : row, 0),
      End: () => move(event.ctrlKey ? table.total - 1 : row, columns.length + 1),
      " ": run && (() => toggle([run.uuid])),
      Enter: run && column !== 0 ? () => navigate(entityHref(run.uuid)) : undefined,
      f: run && column > 1 ? () => narrowBy(run, columns[column - 2]!, narrow) : undefined,
    };
    const handle = act[event.key];
    if (!handle || (event.ctrlKey && event.key !== "Home" && event.key !== "End") || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    handle();
  };
  const at = (row: number, column: number) => ({
    "data-cell": `${row} ${column}`,
    tabIndex: focus[0] === row && focus[1] === column ? 0 : -1,
  });

  return (
    <div
      className="grid"
      ref={box}
      role="grid"
      aria-label="Runs"
      aria-rowcount={table.total + 1}
      aria-colcount={columns.length + 2}
      aria-multiselectable
      onKeyDown={press}
      onFocus={(event) => {
        const cell = event.target.closest<HTMLElement>("[data-cell]")?.dataset["cell"]?.split(" ").map(Number);
        if (cell) setFocus([cell[0]!, cell[1]!]);
      }}
    >
      <div className="grid-room" style={{ minWidth: width, height: (table.total + 1) * ROW }} role="presentation">
        <div className="grid-row grid-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
          <span role="columnheader" className="grid-cell grid-select" {...at(-1, 0)} aria-label="Selected" />
          {["name", ...columns].map((column, index) => (
            <Head key={column} column={column} order={state.order} sort={sort} cell={at(-1, index + 1)} />
          ))}
        </div>
        {items.map(({ index, start }) => {
          const run = table.row(index);
          return (
            <div
              key={index}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={run ? selected.has(run.uuid) : undefined}
              className="grid-row"
              style={{ gridTemplateColumns: template, top: start + ROW }}
            >
              <span role="gridcell" className="grid-cell grid-select" {...at(index, 0)} aria-label={run ? `Select ${title(run)}` : "Select"} onClick={() => run && toggle([run.uuid])}>
                {run && <span className="box">{selected.has(run.uuid) && <Icon name="check" />}</span>}
              </span>
              <span role="gridcell" className="grid-cell grid-name" {...at(index, 1)}>
                {run ? (
                  <Link href={entityHref(run.uuid)} tabIndex={-1} title={title(run)}>
                    {title(run)}
                  </Link>
                ) : (
                  <span className="waiting-bar" aria-label="Loading" role="img" />
                )}
              </span>
              {columns.map((column, each) => (
                <span key={column} role="gridcell" className="grid-cell" data-numeric={isNumeric(column)} {...at(index, each + 2)}>
                  {run && <Cell run={run} column={column} now={now} homes={homes} />}
                  {run && canNarrow(column) && (
                    <span className="cell-filter" aria-hidden="true" title="Only runs with this value (f)" onClick={() => narrowBy(run, column, narrow)}>
                      <Icon name="filter" />
                    </span>
                  )}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function narrowBy(run: Entity, column: Column, narrow: GridProps["narrow"]): void {
  const value = column === "status" ? run.properties?.["status"] : column === "owner" ? run.owner : valueOf(run, column);
  if (typeof value === "string" || typeof value === "number") narrow(column, value);
}

function canNarrow(column: Column): boolean {
  return column === "status" || column === "owner" || /^(param|tag):/.test(column);
}

function isNumeric(column: Column): boolean {
  return column === "duration" || column.startsWith("metric:");
}

const Cell = memo(function Cell({ run, column, now, homes }: { run: Entity; column: Column; now: number; homes: Map<number, string> }) {
  switch (column) {
    case "status":
      return <Status entity={run} />;
    case "started":
      return <Ago at={run.started} />;
    case "duration":
      return run.started == null ? null : duration((run.ended ?? now) - run.started);
    case "owner":
      return run.owner ?? null;
    case "experiment":
      return run.home == null ? null : <Text text={homes.get(run.home) ?? ""} />;
  }
  const value = valueOf(run, column);
  if (column.startsWith("metric:")) return value === undefined ? null : measure(toNumber(value as number));
  return <Text text={short(value)} />;
});

function Text({ text }: { text: string }) {
  return <span title={text}>{text}</span>;
}

interface HeadProps {
  column: Column;
  order: string;
  sort: (order: string | null) => void;
  cell: { "data-cell": string; tabIndex: number };
}

function Head({ column, order, sort, cell }: HeadProps) {
  const now = order || "-started";
  const direction = now === column ? "ascending" : now === `-${column}` ? "descending" : undefined;
  const { group, key } = split(column);
  const name = column === "name" ? "Name" : (ATTRIBUTES[column] ?? key);
  return (
    <span role="columnheader" aria-sort={direction ?? "none"} className={column === "name" ? "grid-cell grid-name" : "grid-cell"} data-numeric={isNumeric(column)}>
      <button type="button" className="head" title={group ? `${group} ${key}` : name} onClick={() => sort(nextOrder(order, column))} {...cell}>
        <span className="head-name">{name}</span>
        <span aria-hidden="true">{direction === "ascending" ? " ↑" : direction === "descending" ? " ↓" : ""}</span>
      </button>
    </span>
  );
}

function widthOf(column: Column): number {
  const known: Record<string, number> = { status: 100, started: 110, duration: 110, owner: 100, experiment: 150 };
  return known[column] ?? Math.min(190, Math.max(96, split(column).key.length * 8 + 30));
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
