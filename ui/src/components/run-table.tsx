/** Runs side by side: what they were given and what came out. */

import { useState } from "react";
import type { Entity } from "../api/types";
import { measure, toNumber } from "../format/number";
import { short } from "../format/properties";
import { runColumns, type RunColumn } from "../format/runs";
import { duration } from "../format/time";
import { Ago, EntityLink, Status } from "./small";

interface RunTableProps {
  runs: Entity[];
  /** As in the address: `-started`, `metric:loss` … */
  order: string;
  sort: (order: string | null) => void;
}

export function RunTable({ runs, order, sort }: RunTableProps) {
  const [now] = useState(Date.now);
  const columns = runColumns(runs);
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Runs">
      <table className="table runs">
        <thead>
          <tr>
            {BASE.map(([column, name]) => (
              <Head key={column} column={column} name={name} order={order} sort={sort} />
            ))}
            {columns.map(({ field, key }) => (
              <Head key={`${field}:${key}`} column={`${field}:${key}`} name={key} numeric={field === "metric"} order={order} sort={sort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row key={run.uuid} run={run} columns={columns} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const BASE: [column: string, name: string][] = [
  ["name", "Name"],
  ["", "Status"],
  ["started", "Started"],
  ["", "Duration"],
];

function Row({ run, columns, now }: { run: Entity; columns: RunColumn[]; now: number }) {
  return (
    <tr>
      <th scope="row">
        <EntityLink entity={run} icon={false} />
        {run.state === "deleted" && <span className="state">deleted</span>}
      </th>
      <td>
        <Status entity={run} />
      </td>
      <td>
        <Ago at={run.started} />
      </td>
      <td className="number">{run.started != null && duration((run.ended ?? now) - run.started)}</td>
      {columns.map((column) => (
        <Cell key={`${column.field}:${column.key}`} run={run} column={column} />
      ))}
    </tr>
  );
}

function Cell({ run, column: { field, key } }: { run: Entity; column: RunColumn }) {
  if (field === "metric") {
    const point = run.metrics?.[key];
    return <td className="number">{point && measure(toNumber(point[1]))}</td>;
  }
  const text = short(run.properties?.[`param.${key}`]);
  return (
    <td className="param" title={text}>
      {text}
    </td>
  );
}

interface HeadProps {
  column: string;
  name: string;
  numeric?: boolean;
  order: string;
  sort: (order: string | null) => void;
}

function Head({ column, name, numeric = false, order, sort }: HeadProps) {
  const direction = order === column ? "ascending" : order === `-${column}` ? "descending" : undefined;
  const label = (
    <span className="head-name" title={name}>
      {name}
    </span>
  );
  if (!column) return <th scope="col">{label}</th>;
  return (
    <th scope="col" className={numeric ? "number" : undefined} aria-sort={direction}>
      <button type="button" className="head" onClick={() => sort(nextOrder(order, column, numeric || column === "started"))}>
        {label}
        <span aria-hidden="true">{direction === "ascending" ? " ↑" : direction === "descending" ? " ↓" : ""}</span>
      </button>
    </th>
  );
}

/** The order after a click on a column: its first direction, then the other, then none. */
function nextOrder(order: string, column: string, descendingFirst: boolean): string | null {
  const [first, second] = descendingFirst ? [`-${column}`, column] : [column, `-${column}`];
  if (order === first) return second;
  return order === second ? null : first;
}
