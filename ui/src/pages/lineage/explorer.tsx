/** A lineage to walk about in. */

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type PointerEvent, type ReactNode } from "react";
import { useKinds } from "../../api/queries";
import type { Entity } from "../../api/types";
import { colour as seriesColour } from "../../charts/colours";
import { familyOf, Icon, KindIcon } from "../../components/icons";
import { useKeys } from "../../components/keys";
import { Failure } from "../../components/problem";
import { Ago, Waiting } from "../../components/small";
import { useIsDark } from "../../components/theme";
import { curve } from "../../graph/layout";
import { between, reached, without } from "../../graph/merge";
import { pngOf, save, svgText } from "../../graph/save";
import { count } from "../../format/number";
import { capital, kindName, plural, title } from "../../format/words";
import { entityHref, Link, navigate, useSearch } from "../../router";
import { useClassifications, useColumns, useColumnWay, useGraph } from "./data";
import { Node, type NodeHandlers } from "./nodes";
import { ageOf, HEAD, planOf, WIDTH, type Age, type Plan } from "./plan";
import { change, COLOURS, readState, type ColourBy, type LineageState, type View } from "./state";
import "../../styles/lineage.css";

const [LEAST, MOST] = [0.08, 2.5];
const MARGIN = 40;
const READABLE = 0.7;
const SETTLED = 250;
const COLOUR_NAMES: Record<ColourBy, string> = { kind: "Kind", classification: "Classification", freshness: "Freshness" };
const AGES: Record<Age, string> = { today: "var(--good)", "this week": "var(--asset)", "this month": "var(--busy)", older: "var(--bad)" };

const NO_COLUMNS: Entity[] = [];

export function Explorer({ of }: { of: string }) {
  const search = useSearch();
  const state = useMemo(() => readState(search), [search.toString()]);
  const { lineage: whole, error, refetch } = useGraph(of, state);
  const columns = useColumns(state.columns);
  const way = useColumnWay(state.column);
  const lineage = useMemo(() => whole && without(whole, new Set(state.hidden)), [whole, state.hidden.join()]);
  const plan = useMemo(() => lineage && planOf(lineage, state.unfolded, columns, state.column === null ? undefined : way), [lineage, state.unfolded, columns, way, state.column]);
  if (error && !whole) return <Failure error={error} retry={refetch} />;
  if (!whole || !lineage || !plan) return <Waiting lines={8} />;
  return <Canvas key={of} state={state} plan={plan} whole={whole.nodes} start={whole.start} truncated={whole.truncated === true} wayColumns={state.column === null ? NO_COLUMNS : (way?.nodes ?? NO_COLUMNS)} />;
}

interface CanvasProps {
  state: LineageState;
  plan: Plan;
  whole: Entity[];
  start: number;
  truncated: boolean;
  wayColumns: Entity[];
}

function Canvas({ state, plan, whole, start, truncated, wayColumns }: CanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const content = useRef<SVGGElement>(null);
  const { view, setView, size, pan, fit } = useView(frame, plan, start, state.view);
  const [choosing, setChoosing] = useState(false);
  const lit = useMemo(() => litBy(state, plan, wayColumns), [state.pick, state.to, plan, wayColumns]);
  const colours = useColours(state.colour, plan);
  const kinds = useKinds().data;
  const edges = useMemo(() => frontiers(plan, start, state), [plan, start, state.up, state.down, state.more.join()]);
  const way = useMemo(() => wayColumns.map(({ id }) => id).join(","), [wayColumns]);
  const latest = useRef({ state, choosing });
  latest.current = { state, choosing };
  const on = useMemo<NodeHandlers>(
    () => ({
      pick: (id) => {
        const now = latest.current;
        if (now.choosing && now.state.pick !== null && now.state.pick !== id) {
          setChoosing(false);
          change({ to: String(id) });
        } else change({ pick: now.state.pick === id ? null : String(id), to: null });
      },
      further: (id, direction) => change({ more: [...new Set([...latest.current.state.more, `${id}${direction}`])] }),
      unfold: () => change({ unfold: "1" }),
      columns: (id) => toggleColumns(latest.current.state, id),
      column: (id) => change({ column: latest.current.state.column === id ? null : String(id) }),
    }),
    [],
  );
  const picked = state.pick !== null ? plan.nodes.get(state.pick) : undefined;
  const entity = picked?.what === "entity" ? picked.entity : undefined;
  useKeys({
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    "0": fit,
    "[": () => step("u"),
    "]": () => step("d"),
    x: () => (entity?.kind === "dataset" ? toggleColumns(state, entity.id) : false),
    o: () => (entity ? navigate(entityHref(entity.uuid)) : false),
    p: () => (entity ? setChoosing(true) : false),
    Escape: () => {
      setChoosing(false);
      change({ pick: null, to: null, column: null });
    },
  });
  const zoom = (by: number) => setView((before) => zoomed(before, by, size.width / 2, size.height / 2));
  const step = (direction: "u" | "d") => {
    if (entity) return on.further(entity.id, direction);
    change(direction === "u" ? { up: String(state.up + 1), depth: null } : { down: String(state.down + 1), depth: null });
  };
  const extent = { x: -MARGIN, y: -MARGIN, width: plan.layout.width + 2 * MARGIN, height: plan.layout.height + 2 * MARGIN };
  const picture = () => svgText(content.current!, extent, getComputedStyle(frame.current!).backgroundColor);
  const alone = plan.drawing.nodes.length === 1;
  return (
    <div className="explorer">
      <Controls state={state} whole={whole} plan={plan} truncated={truncated}>
        <span className="row explorer-save">
          <button type="button" onClick={() => save("lineage.svg", new Blob([picture()], { type: "image/svg+xml" }))}>
            <Icon name="download" /> SVG
          </button>
          <button type="button" onClick={() => void pngOf(picture(), extent).then((blob) => save("lineage.png", blob))}>
            <Icon name="download" /> PNG
          </button>
        </span>
      </Controls>
      <div className="explorer-body">
      <div className="explorer-frame" ref={frame} data-choosing={choosing}>
        {size.width > 0 && (
          <svg className="explorer-canvas" width={size.width} height={size.height} role="group" aria-label="Lineage" {...pan}>
            <defs>
              <marker id="lin-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
                <path d="M0,0.5L8,4L0,7.5z" className="lin-arrow" />
              </marker>
            </defs>
            <g ref={content} transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
              <Edges plan={plan} lit={lit} />
              {plan.layout.spots.map(({ id, x, y }) => {
                const node = plan.nodes.get(id)!;
                const kind = node.what === "entity" ? node.entity.kind : node.what === "group" ? node.kind : "";
                return (
                  <Node
                    key={id}
                    node={node}
                    x={x}
                    y={y}
                    height={plan.heights.get(id) ?? HEAD}
                    rows={plan.rows.get(id)}
                    start={id === start}
                    picked={id === state.pick || id === state.to}
                    dim={lit !== null && !lit.has(id)}
                    colour={colours.of(id)}
                    family={familyOf(kind, kinds)}
                    up={edges.up.has(id)}
                    down={edges.down.has(id)}
                    open={state.columns.includes(id)}
                    column={state.column}
                    lit={plan.rows.has(id) ? way : ""}
                    on={on}
                  />
                );
              })}
              <g className="lin-wires">
                {plan.wires.map(({ source, target, d }) => (
                  <path key={`${source} ${target}`} d={d} />
                ))}
              </g>
            </g>
          </svg>
        )}
        {alone && <p className="explorer-note">Nothing leads here and nothing was made of it.</p>}
        {choosing && <p className="explorer-note" role="status">Choose the node at the other end of the way.</p>}
        <Legend colours={colours} />
        <div className="zoom" role="group" aria-label="Zoom">
          <button type="button" className="icon-button" onClick={() => zoom(0.8)} aria-label="Smaller">
            <Icon name="minus" />
          </button>
          <button type="button" className="quiet" onClick={fit}>
            Fit
          </button>
          <button type="button" className="icon-button" onClick={() => zoom(1.25)} aria-label="Larger">
            <Icon name="plus" />
          </button>
        </div>
        <MiniMap plan={plan} view={view} size={size} move={setView} colourOf={colours.of} />
      </div>
        {entity && <Panel entity={entity} state={state} on={on} choose={() => setChoosing(true)} />}
      </div>
    </div>
  );
}

function toggleColumns({ columns }: LineageState, id: number): void {
  change({ columns: (columns.includes(id) ? columns.filter((each) => each !== id) : [...columns, id]).map(String) });
}

/** Data sets on the way of a column, what hangs on the picked node, or the way between two; null when all are equal. */
function litBy({ pick, to }: LineageState, plan: Plan, wayColumns: Entity[]): Set<number> | null {
  if (wayColumns.length > 0) return new Set(wayColumns.flatMap(({ home }) => (home == null ? [] : [home])));
  if (pick === null || !plan.nodes.has(pick)) return null;
  const { edges } = plan.drawing;
  if (to !== null && plan.nodes.has(to)) return between(pick, to, edges);
  return new Set([...reached(pick, edges, "up"), ...reached(pick, edges, "down")]);
}

/** Nodes at the end of what was walked, which may have more before or after them. */
function frontiers(plan: Plan, start: number, { up, down, more }: LineageState): { up: Set<number>; down: Set<number> } {
  const { edges, nodes } = plan.drawing;
  const ends = (direction: "up" | "down", steps: number) => {
    const found = new Set<number>();
    const distance = new Map([[start, 0]]);
    const queue = [start];
    for (const id of queue) {
      for (const { source, target } of edges) {
        const next = direction === "down" ? (source === id ? target : null) : target === id ? source : null;
        if (next === null || distance.has(next)) continue;
        distance.set(next, distance.get(id)! + 1);
        queue.push(next);
      }
    }
    const mark = direction === "up" ? "u" : "d";
    for (const node of nodes) {
      const away = distance.get(node.id);
      const leads = edges.some(({ source, target }) => (direction === "down" ? source : target) === node.id);
      if (node.what === "entity" && away !== undefined && away >= steps && !leads && !more.includes(`${node.id}${mark}`)) found.add(node.id);
    }
    return found;
  };
  return { up: ends("up", up), down: ends("down", down) };
}

function Edges({ plan, lit }: { plan: Plan; lit: Set<number> | null }) {
  return (
    <g>
      {plan.layout.paths.map(({ source, target, points }) => {
        const on = lit !== null && lit.has(source) && lit.has(target);
        return <path key={`${source} ${target}`} className="lin-edge" data-lit={on} data-dim={lit !== null && !on} d={curve(points)} markerEnd="url(#lin-arrow)" />;
      })}
    </g>
  );
}

interface Colours {
  of: (id: number) => string;
  legend: [name: string, colour: string][];
}

const FAMILIES = { asset: "var(--asset)", process: "var(--process)", context: "var(--context)", other: "var(--other)" };
const FAMILY_NAMES = { asset: "assets", process: "processes", context: "contexts", other: "others" };
const NEUTRAL = "var(--line-strong)";

function useColours(by: ColourBy, plan: Plan): Colours {
  const dark = useIsDark();
  const kinds = useKinds().data;
  const ids = useMemo(() => plan.drawing.nodes.filter(({ what }) => what !== "hidden").map(({ id }) => id), [plan]);
  const labels = useClassifications(ids, by === "classification");
  return useMemo(() => {
    const entityOf = (id: number) => {
      const node = plan.nodes.get(id);
      return node?.what === "entity" ? node.entity : node?.what === "group" ? node.members[0] : undefined;
    };
    if (by === "freshness") {
      const now = Date.now();
      const of = (id: number) => {
        const entity = entityOf(id);
        return entity ? AGES[ageOf(entity, now)] : NEUTRAL;
      };
      return { of, legend: Object.entries(AGES) };
    }
    if (by === "classification") {
      const names = [...new Set([...labels.values()].flat())].sort();
      const of = (id: number) => {
        const first = labels.get(id)?.[0];
        return first === undefined ? NEUTRAL : seriesColour(names.indexOf(first) + 1, dark);
      };
      return { of, legend: [...names.map((name, at): [string, string] => [name, seriesColour(at + 1, dark)]), ["none", NEUTRAL]] };
    }
    const family = (id: number) => {
      const entity = entityOf(id);
      return entity ? familyOf(entity.kind, kinds) : undefined;
    };
    const present = new Set(ids.map(family));
    const legend = (Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]).filter((each) => present.has(each)).map((each): [string, string] => [FAMILY_NAMES[each], FAMILIES[each]]);
    return { of: (id: number) => FAMILIES[family(id) ?? "other"], legend };
  }, [by, plan, labels, dark, kinds, ids]);
}

function Legend({ colours: { legend } }: { colours: Colours }) {
  return (
    <ul className="explorer-legend" aria-label="Colours">
      {legend.slice(0, 8).map(([name, colour]) => (
        <li key={name}>
          <span style={{ background: colour }} />
          {name}
        </li>
      ))}
    </ul>
  );
}

interface ControlsProps {
  state: LineageState;
  whole: Entity[];
  plan: Plan;
  truncated: boolean;
  children: ReactNode;
}

function Controls({ state, whole, plan, truncated, children }: ControlsProps) {
  const kinds = [...new Set(whole.map(({ kind }) => kind))].sort();
  const hidden = plan.drawing.nodes.filter(({ what }) => what === "hidden").length;
  const total = plan.drawing.nodes.reduce((sum, node) => sum + (node.what === "group" ? node.members.length : 1), 0);
  const toggle = (kind: string) => change({ without: state.hidden.includes(kind) ? state.hidden.filter((each) => each !== kind) : [...state.hidden, kind] });
  return (
    <div className="controls explorer-controls">
      <Stepper name="Before" value={state.up} set={(value) => change({ up: String(value), depth: null, direction: null, ...(state.down !== 2 && { down: String(state.down) }) })} />
      <Stepper name="After" value={state.down} set={(value) => change({ down: String(value), depth: null, direction: null, ...(state.up !== 2 && { up: String(state.up) }) })} />
      <span className="kind-switches" role="group" aria-label="Kinds">
        {kinds.map((kind) => (
          <button key={kind} type="button" className="chip" aria-pressed={!state.hidden.includes(kind)} onClick={() => toggle(kind)}>
            <KindIcon kind={kind} /> {plural(kind)}
          </button>
        ))}
      </span>
      <label className="row">
        <span className="muted">Colour</span>
        <select value={state.colour} onChange={(event) => change({ colour: event.target.value === "kind" ? null : event.target.value })}>
          {COLOURS.map((each) => (
            <option key={each} value={each}>
              {COLOUR_NAMES[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <input type="checkbox" checked={!state.unfolded} onChange={() => change({ unfold: state.unfolded ? null : "1" })} /> Fold like nodes
      </label>
      <span className="muted" aria-live="polite">
        {count(total)} {total === 1 ? "node" : "nodes"}
        {hidden > 0 && `, ${count(hidden)} of which you may not see`}
        {truncated && "; there are more"}
      </span>
      {children}
    </div>
  );
}

function Stepper({ name, value, set }: { name: string; value: number; set: (value: number) => void }) {
  return (
    <span className="stepper" role="group" aria-label={`Steps ${name.toLowerCase()}`}>
      <button type="button" className="icon-button" aria-label={`Fewer steps ${name.toLowerCase()}`} disabled={value === 0} onClick={() => set(value - 1)}>
        <Icon name="minus" />
      </button>
      <span>
        {name} {value}
      </span>
      <button type="button" className="icon-button" aria-label={`More steps ${name.toLowerCase()}`} onClick={() => set(value + 1)}>
        <Icon name="plus" />
      </button>
    </span>
  );
}

function Panel({ entity, state, on, choose }: { entity: Entity; state: LineageState; on: NodeHandlers; choose: () => void }) {
  return (
    <aside className="explorer-panel card" aria-label="Chosen node">
      <header>
        <KindIcon kind={entity.kind} />
        <Link href={entityHref(entity.uuid)}>{title(entity)}</Link>
        <button type="button" className="icon-button" aria-label="Choose nothing" onClick={() => change({ pick: null, to: null })}>
          <Icon name="close" />
        </button>
      </header>
      <dl className="details">
        <dt>Kind</dt>
        <dd>{capital(kindName(entity.kind))}</dd>
        <dt>In</dt>
        <dd>{entity.namespace}</dd>
        {entity.owner && (
          <>
            <dt>Owner</dt>
            <dd>{entity.owner}</dd>
          </>
        )}
        <dt>Changed</dt>
        <dd>
          <Ago at={entity.updated} />
        </dd>
      </dl>
      <div className="explorer-actions">
        <button type="button" onClick={() => on.further(entity.id, "u")}>
          What comes before
        </button>
        <button type="button" onClick={() => on.further(entity.id, "d")}>
          What comes after
        </button>
        {entity.kind === "dataset" && (
          <button type="button" aria-pressed={state.columns.includes(entity.id)} onClick={() => on.columns(entity.id)}>
            Columns
          </button>
        )}
        <button type="button" onClick={choose}>
          Way to …
        </button>
        <Link className="button" href={`/lineage?of=${entity.uuid}`}>
          Begin here
        </Link>
        <Link className="button" href={entityHref(entity.uuid)}>
          Open its page
        </Link>
      </div>
    </aside>
  );
}

interface Size {
  width: number;
  height: number;
}

function useView(frame: React.RefObject<HTMLDivElement | null>, plan: Plan, start: number, given: View | null) {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [view, setRaw] = useState<View>(given ?? { x: 0, y: 0, scale: 1 });
  const ready = useRef(given !== null);
  const timer = useRef(0);
  useLayoutEffect(() => {
    const box = frame.current!;
    const measure = () => setSize({ width: box.clientWidth, height: box.clientHeight });
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(box);
    return () => watcher.disconnect();
  }, [frame]);
  const setView = useCallback((next: View | ((before: View) => View)) => {
    setRaw(next);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setRaw((now) => (keep(now), now)), SETTLED);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  const fit = () => setView(fitted(plan, size));
  useLayoutEffect(() => {
    if (ready.current || size.width === 0) return;
    ready.current = true;
    setRaw(first(plan, start, size));
  }, [plan, start, size]);
  useStill(plan, start, setRaw);
  useEffect(() => {
    const box = frame.current!;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const at = box.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey || event.deltaMode === 0 && Math.abs(event.deltaY) >= 50 && event.deltaX === 0) {
        setView((before) => zoomed(before, Math.exp(-event.deltaY / 500), event.clientX - at.left, event.clientY - at.top));
      } else setView((before) => ({ ...before, x: before.x - event.deltaX, y: before.y - event.deltaY }));
    };
    box.addEventListener("wheel", wheel, { passive: false });
    return () => box.removeEventListener("wheel", wheel);
  }, [frame, setView]);
  const grip = useRef<{ x: number; y: number } | null>(null);
  const pan = {
    onPointerDown: (event: PointerEvent<SVGSVGElement>) => {
      if (event.button !== 0 || (event.target as Element).closest("a, [role=button]")) return;
      grip.current = { x: event.clientX, y: event.clientY };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent<SVGSVGElement>) => {
      if (!grip.current) return;
      const [dx, dy] = [event.clientX - grip.current.x, event.clientY - grip.current.y];
      grip.current = { x: event.clientX, y: event.clientY };
      setView((before) => ({ ...before, x: before.x + dx, y: before.y + dy }));
    },
    onPointerUp: () => {
      grip.current = null;
    },
  };
  return { view, setView, size, pan, fit };
}

/** When nodes are added the one asked about stays where it was on the screen. */
function useStill(plan: Plan, start: number, setRaw: (next: (before: View) => View) => void): void {
  const before = useRef<{ plan: Plan; x: number; y: number } | null>(null);
  useLayoutEffect(() => {
    const spot = plan.layout.spots.find(({ id }) => id === start);
    if (!spot) return;
    const last = before.current;
    if (last && last.plan !== plan) {
      const [dx, dy] = [spot.x - last.x, spot.y - last.y];
      if (dx || dy) setRaw((view) => ({ ...view, x: view.x - dx * view.scale, y: view.y - dy * view.scale }));
    }
    before.current = { plan, x: spot.x, y: spot.y };
  }, [plan, start, setRaw]);
}

function keep({ x, y, scale }: View): void {
  change({ at: `${Math.round(x)},${Math.round(y)},${scale.toFixed(3)}` });
}

function zoomed(view: View, by: number, x: number, y: number): View {
  const scale = Math.min(MOST, Math.max(LEAST, view.scale * by));
  const ratio = scale / view.scale;
  return { scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio };
}

function fitted({ layout: { width, height } }: Plan, size: Size): View {
  const scale = Math.max(LEAST, Math.min(1.1, (size.width - 2 * MARGIN) / width, (size.height - 2 * MARGIN) / height));
  return { scale, x: (size.width - width * scale) / 2, y: (size.height - height * scale) / 2 };
}

/** All of it when it can be read so, else the start in the middle. */
function first(plan: Plan, start: number, size: Size): View {
  const all = fitted(plan, size);
  const spot = plan.layout.spots.find(({ id }) => id === start);
  if (all.scale >= READABLE || !spot) return all;
  const scale = 0.8;
  return { scale, x: size.width / 2 - (spot.x + WIDTH / 2) * scale, y: size.height / 2 - (spot.y + HEAD / 2) * scale };
}

const MAP = { width: 180, height: 110 };

function MiniMap({ plan, view, size, move, colourOf }: { plan: Plan; view: View; size: Size; move: (view: View) => void; colourOf: (id: number) => string }) {
  const { width, height } = plan.layout;
  const scale = Math.min(MAP.width / Math.max(1, width), MAP.height / Math.max(1, height));
  const window_ = { x: -view.x / view.scale, y: -view.y / view.scale, width: size.width / view.scale, height: size.height / view.scale };
  const whole = window_.x <= 0 && window_.y <= 0 && window_.x + window_.width >= width && window_.y + window_.height >= height;
  if (whole || size.width < 600) return null;
  const go = (event: PointerEvent<SVGSVGElement>) => {
    if (event.buttons !== 1) return;
    const box = event.currentTarget.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / scale, (event.clientY - box.top) / scale];
    move({ ...view, x: size.width / 2 - x * view.scale, y: size.height / 2 - y * view.scale });
  };
  return (
    <svg className="mini-map" width={width * scale} height={height * scale} aria-hidden="true" onPointerDown={go} onPointerMove={go}>
      {plan.layout.spots.map(({ id, x, y }) => (
        <rect key={id} x={x * scale} y={y * scale} width={Math.max(2, WIDTH * scale)} height={Math.max(1.5, (plan.heights.get(id) ?? HEAD) * scale)} style={{ fill: colourOf(id) }} />
      ))}
      <rect className="mini-window" x={window_.x * scale} y={window_.y * scale} width={window_.width * scale} height={window_.height * scale} />
    </svg>
  );
}
