/** The nodes of a drawing in plain SVG, so that it can be saved as it is seen. */

import { memo } from "react";
import { DRAWINGS, iconOf, type IconName } from "../../components/icons";
import { count } from "../../format/number";
import { kindName, plural, shortTitle, title } from "../../format/words";
import { entityHref } from "../../router";
import type { DrawnNode } from "../../graph/twins";
import { HEAD, ROW, toolOf, WIDTH, type Rows } from "./plan";

const NAME_LENGTH = 25;
const COLUMN_LENGTH = 24;

export interface NodeHandlers {
  pick: (id: number) => void;
  further: (id: number, direction: "u" | "d") => void;
  unfold: () => void;
  columns: (id: number) => void;
  column: (id: number) => void;
}

interface NodeProps {
  node: DrawnNode;
  x: number;
  y: number;
  height: number;
  rows: Rows | undefined;
  start: boolean;
  picked: boolean;
  dim: boolean;
  colour: string;
  family: string;
  up: boolean;
  down: boolean;
  open: boolean;
  column: number | null;
  /** Columns on the way shown, as text so that the node is drawn anew only when it changes. */
  lit: string;
  on: NodeHandlers;
}

export const Node = memo(function Node(props: NodeProps) {
  const { node, x, y, height, start, picked, dim, colour, on } = props;
  return (
    <g className="lin-node" transform={`translate(${x} ${y})`} data-dim={dim} data-picked={picked} data-start={start} data-what={node.what}>
      <rect className="lin-box" width={WIDTH} height={height} rx={8} />
      <rect className="lin-stripe" x={0} y={6} width={4} height={HEAD - 12} rx={2} style={{ fill: colour }} />
      <Head {...props} />
      {props.rows && <Columns rows={props.rows} column={props.column} lit={props.lit} on={on} />}
      {props.up && <Further direction="u" y={HEAD / 2} id={node.id} on={on} />}
      {props.down && <Further direction="d" y={HEAD / 2} id={node.id} on={on} />}
    </g>
  );
});

function Head({ node, family, on, open }: NodeProps) {
  if (node.what === "hidden") {
    return (
      <>
        <Drawing name="hidden" family="other" />
        <text className="lin-name" x={36} y={28} data-quiet="true">
          not yours to see
        </text>
      </>
    );
  }
  if (node.what === "group") {
    return (
      <>
        <g role="button" tabIndex={0} className="lin-head" aria-label={`Show each of ${node.members.length} ${plural(node.kind)}`} onClick={on.unfold} onKeyDown={(event) => event.key === "Enter" && on.unfold()}>
          <rect className="lin-hit" width={WIDTH} height={HEAD} rx={8} />
        </g>
        <Drawing name={iconOf(node.kind)} family={family} />
        <text className="lin-name" x={36} y={28} aria-hidden="true">
          {count(node.members.length)} {plural(node.kind)}
        </text>
      </>
    );
  }
  const { entity } = node;
  return (
    <>
      <a
        href={entityHref(entity.uuid)}
        className="lin-head"
        data-node={node.id}
        aria-label={`${kindName(entity.kind)} ${title(entity)}`}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
          event.preventDefault();
          on.pick(node.id);
        }}
      >
        <title>{`${title(entity)}\n${kindName(entity.kind)} in ${entity.namespace}`}</title>
        <rect className="lin-hit" width={WIDTH} height={HEAD} rx={8} />
      </a>
      <g aria-hidden="true">
        <Drawing name={iconOf(entity.kind)} family={family} />
        <text className="lin-name" x={36} y={20}>
          {cut(shortTitle(entity), entity.kind === "dataset" ? NAME_LENGTH - 4 : NAME_LENGTH)}
        </text>
        <text className="lin-kind" x={36} y={36}>
          {kindName(entity.kind)}
        </text>
        <Badge text={toolOf(entity.namespace)} />
      </g>
      {entity.kind === "dataset" && (
        <g role="button" tabIndex={-1} data-control="" className="lin-columns" aria-label={`Columns of ${title(entity)}`} aria-expanded={open} transform={`translate(${WIDTH - 24} 3)`} onClick={() => on.columns(node.id)}>
          <rect className="lin-hit" width={22} height={22} />
          <path d={open ? "M7 13l4-4 4 4" : "M7 9l4 4 4-4"} />
        </g>
      )}
    </>
  );
}

function Drawing({ name, family }: { name: IconName; family: string }) {
  return <path className="lin-icon" data-family={family} transform="translate(13 15)" d={DRAWINGS[name]} />;
}

function Badge({ text }: { text: string }) {
  const width = text.length * 6 + 10;
  return (
    <g transform={`translate(${WIDTH - width - 8} 26)`}>
      <rect className="lin-badge" width={width} height={14} rx={7} />
      <text className="lin-badge-text" x={width / 2} y={10.5} textAnchor="middle">
        {text}
      </text>
    </g>
  );
}

function Columns({ rows, column, lit, on }: { rows: Rows; column: number | null; lit: string; on: NodeHandlers }) {
  const way = new Set(lit.split(",").map(Number));
  return (
    <g transform={`translate(0 ${HEAD})`}>
      <line className="lin-rule" x1={0} x2={WIDTH} y1={0} y2={0} />
      {rows.shown.map((each, at) => {
        const marked = (each.labels ?? []).some((label) => (label.category ?? "classification") === "classification");
        return (
          <g key={each.id} className="lin-row" data-lit={way.has(each.id)} transform={`translate(0 ${at * ROW})`}>
            <g
              role="button"
              tabIndex={0}
              className="lin-press"
              aria-pressed={each.id === column}
              aria-label={`Way of the column ${each.name}`}
              onClick={() => on.column(each.id)}
              onKeyDown={(event) => event.key === "Enter" && on.column(each.id)}
            >
              <rect className="lin-hit" x={4} width={WIDTH - 8} height={ROW} rx={4} />
            </g>
            <text className="lin-column" x={16} y={15} aria-hidden="true">
              {cut(each.name.split(".").at(-1) ?? each.name, COLUMN_LENGTH)}
            </text>
            {marked && <circle className="lin-mark" cx={WIDTH - 16} cy={ROW / 2} r={4} />}
          </g>
        );
      })}
      {rows.more > 0 && (
        <text className="lin-kind" x={16} y={rows.shown.length * ROW + 15}>
          {rows.more} more
        </text>
      )}
    </g>
  );
}

function Further({ direction, y, id, on }: { direction: "u" | "d"; y: number; id: number; on: NodeHandlers }) {
  const about = direction === "u" ? "Show what comes before" : "Show what comes after";
  return (
    <g role="button" tabIndex={-1} data-control="" className="lin-further" aria-label={about} transform={`translate(${direction === "u" ? 0 : WIDTH} ${y})`} onClick={() => on.further(id, direction)}>
      <title>{about}</title>
      <circle r={12} className="lin-hit" />
      <circle r={8} />
      <path d="M-4 0H4M0 -4V4" />
    </g>
  );
}

/** Of a name with dots the end says more than the beginning. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return /\w\.\w/.test(text) ? `…${text.slice(1 - length)}` : `${text.slice(0, length - 1)}…`;
}
