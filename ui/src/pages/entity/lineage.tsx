import { useLineage, type Direction } from "../../api/queries";
import type { Lineage } from "../../api/types";
import { Failure } from "../../components/problem";
import { Empty, Waiting } from "../../components/small";
import { count } from "../../format/number";
import { LineageDrawing } from "../../graph/drawing";
import { Link, navigate, useSearch, withParams } from "../../router";

const LIMIT = 300;
const DEPTHS = [1, 2, 3, 5, 10, 50];
const DEFAULT_DEPTH = 3;
const DIRECTIONS: [direction: Direction, name: string][] = [
  ["both", "Both ways"],
  ["up", "Where it came from"],
  ["down", "What was made of it"],
];

export function LineagePage({ uuid }: { uuid: string }) {
  const search = useSearch();
  const direction = DIRECTIONS.find(([each]) => each === search.get("direction"))?.[0] ?? "both";
  const depth = Number(search.get("depth")) || DEFAULT_DEPTH;
  const unfolded = search.has("unfold");
  const { data, error, refetch } = useLineage(uuid, direction, depth, LIMIT);
  return (
    <div className="lineage">
      <div className="controls">
        <DirectionChoice direction={direction} />
        <DepthChoice depth={depth} />
        <label>
          <input type="checkbox" checked={!unfolded} onChange={() => set({ unfold: unfolded ? null : "1" })} /> Fold like
          nodes
        </label>
        <span className="muted" aria-live="polite">
          {data && summary(data)}
        </span>
      </div>
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Waiting lines={6} />}
      {data?.nodes.length === 1 && !data.hidden?.length && <Empty>Nothing leads here and nothing was made of it.</Empty>}
      {data && <LineageDrawing lineage={data} unfolded={unfolded} />}
    </div>
  );
}

function set(changes: Record<string, string | null>): void {
  navigate(withParams(changes), { keepScroll: true });
}

function DirectionChoice({ direction }: { direction: Direction }) {
  return (
    <nav className="segments" aria-label="Direction">
      {DIRECTIONS.map(([each, name]) => (
        <Link
          key={each}
          keepScroll
          href={withParams({ direction: each === "both" ? null : each })}
          aria-current={each === direction ? "true" : undefined}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}

function DepthChoice({ depth }: { depth: number }) {
  const depths = DEPTHS.includes(depth) ? DEPTHS : [...DEPTHS, depth].sort((a, b) => a - b);
  return (
    <label>
      Steps{" "}
      <select value={depth} onChange={(event) => set({ depth: event.target.value })}>
        {depths.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}

function summary({ nodes, hidden = [], truncated }: Lineage): string {
  const total = nodes.length + hidden.length;
  if (truncated) return `The nearest ${count(total)} are drawn; there are more`;
  return `${count(total)} ${total === 1 ? "node" : "nodes"}${hidden.length ? `, ${count(hidden.length)} of which you may not see` : ""}`;
}
