/** The fields of a data set with what is known of their values. */

import { useState } from "react";
import { useFind } from "../../api/queries";
import type { Document, Entity, Query, Value } from "../../api/types";
import { Density } from "../../charts/density";
import { Icon } from "../../components/icons";
import { Labels } from "../../components/labels";
import { CopyButton, Section, useFew } from "../../components/small";
import { pretty } from "../../api/parse";
import { statisticsOf, type Statistics } from "../../format/statistics";
import { schemaRows, type SchemaRow } from "../../format/facets";
import { compact, measure } from "../../format/number";
import { entityHref, Link } from "../../router";
import { Filter } from "./properties";

const FEW = 60;
const FILTER_FROM = 12;

/** What finds the columns of a data set, with their labels. */
export function columnsIn(id: number): Query {
  const where: Query["where"] = { expr: "compare", field: { field: "attribute", name: "home" }, op: "=", value: id };
  return { kinds: ["column"], where, limit: 1000, parts: ["labels", "properties"] };
}

export function Schema({ entity, schema, statistics }: { entity: Entity; schema: Value; statistics: Value | undefined }) {
  const [filter, setFilter] = useState("");
  const [closed, setClosed] = useState<Set<string>>(() => new Set());
  const { data } = useFind(columnsIn(entity.id));
  const columns = new Map((data?.entities ?? []).map((column) => [column.name.split(".").at(-1)!, column]));
  const rows = schemaRows(schema);
  const figures = statisticsOf(statistics);
  const wanted = rows.filter((row) => `${row.name} ${row.type} ${row.description}`.toLowerCase().includes(filter.toLowerCase()));
  const open = wanted.filter((row) => ![...closed].some((path) => row.path.startsWith(`${path}/`)));
  const { shown, more } = useFew(open, FEW);
  const described = rows.some((row) => row.description);
  const measured = figures.columns.size > 0;
  const labelled = (data?.entities ?? []).some((column) => column.labels?.length);
  const fold = (path: string) =>
    setClosed((before) => {
      const next = new Set(before);
      if (!next.delete(path)) next.add(path);
      return next;
    });
  return (
    <Section
      heading={
        <>
          Schema <span className="muted">{rows.length} fields{figures.rows !== undefined && ` · ${compact(figures.rows)} rows`}</span>
        </>
      }
      aside={
        <span className="row">
          {rows.length >= FILTER_FROM && <Filter what="fields" value={filter} change={setFilter} />}
          <CopyButton text={pretty(schema)} what="the schema" />
        </span>
      }
    >
      <div className="table-box" tabIndex={0} role="region" aria-label="Schema">
        <table className="table schema">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Type</th>
              {labelled && <th scope="col">Labels</th>}
              {described && <th scope="col">Description</th>}
              {measured && (
                <>
                  <th scope="col">Spread</th>
                  <th scope="col" className="number">
                    Least – greatest
                  </th>
                  <th scope="col" className="number">
                    Different
                  </th>
                  <th scope="col" className="number">
                    Empty
                  </th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Field
                key={row.path}
                row={row}
                nested={rows.some((each) => each.path.startsWith(`${row.path}/`))}
                closed={closed.has(row.path)}
                fold={() => fold(row.path)}
                column={row.depth === 0 ? columns.get(row.name) : undefined}
                figures={figures}
                show={{ labelled, described, measured }}
              />
            ))}
          </tbody>
        </table>
      </div>
      {more}
    </Section>
  );
}

interface FieldProps {
  row: SchemaRow;
  nested: boolean;
  closed: boolean;
  fold: () => void;
  column: Entity | undefined;
  figures: Statistics;
  show: { labelled: boolean; described: boolean; measured: boolean };
}

function Field({ row, nested, closed, fold, column, figures, show }: FieldProps) {
  const known = row.depth === 0 ? figures.columns.get(row.name) : undefined;
  return (
    <tr>
      <th scope="row" style={{ paddingInlineStart: `${row.depth * 1.3}rem` }}>
        <span className="schema-name">
          {nested && (
            <button type="button" className="fold-button" aria-expanded={!closed} aria-label={`Fields of ${row.name}`} onClick={fold} data-closed={closed}>
              <Icon name="right" />
            </button>
          )}
          {column ? <Link href={entityHref(column.uuid)}>{row.name}</Link> : row.name}
        </span>
      </th>
      <td>
        <code>{row.type}</code>
      </td>
      {show.labelled && (
        <td>
          <Labels labels={column?.labels} />
        </td>
      )}
      {show.described && <td>{row.description}</td>}
      {show.measured && (
        <>
          <td>{known && <Density quantiles={known.quantiles} about={spreadInWords(row.name, known.quantiles)} />}</td>
          <td className="number">{known?.least !== undefined && `${told(known.least)} – ${told(known.greatest)}`}</td>
          <td className="number">{known?.distinct !== undefined && compact(known.distinct)}</td>
          <td className="number">{known?.nulls !== undefined && emptyPart(known.nulls, figures.rows)}</td>
        </>
      )}
    </tr>
  );
}

function told(value: number | string | undefined): string {
  return typeof value === "number" ? measure(value) : (value ?? "").slice(0, 20);
}

function emptyPart(nulls: number, rows: number | undefined): string {
  if (nulls === 0) return "–";
  if (!rows) return compact(nulls);
  const part = (100 * nulls) / rows;
  return part < 0.1 ? "< 0.1 %" : `${part.toFixed(1)} %`;
}

function spreadInWords(name: string, quantiles: Record<string, number>): string {
  const middle = quantiles["0.5"];
  const ends = Object.values(quantiles).sort((a, b) => a - b);
  return `${name}: from ${measure(ends[0] ?? 0)} to ${measure(ends.at(-1) ?? 0)}${middle === undefined ? "" : `, half of them below ${measure(middle)}`}`;
}

export function isSchema(document: Value | undefined): document is Document {
  return document !== undefined && schemaRows(document).length > 0;
}
