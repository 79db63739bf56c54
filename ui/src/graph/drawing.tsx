/** A lineage drawn: edges in SVG, and over them the nodes as links, so that text, focus and new tabs just work. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { Lineage } from "../api/types";
import { Icon, KindIcon } from "../components/icons";
import { count } from "../format/number";
import { kindName, plural, shortTitle, title } from "../format/words";
import { entityHref, Link, withParams } from "../router";
import { curve, layout, type Layout, type Sizes, type Spot } from "./layout";
import { drawingOf, type Drawing, type DrawnNode } from "./twins";

const SIZES: Sizes = { width: 196, height: 44, columnGap: 52, rowGap: 12 };
const SMALLEST = 0.6;
/** Between the drawing and its frame, as in the style sheet. */
const MARGIN = 16;
const TOO_ALIKE = 6;
const ZOOM_STEP = 1.25;

interface LineageDrawingProps {
  lineage: Lineage;
  /** As part of a page: fitted to its width, without controls. */
  small?: boolean;
  unfolded?: boolean;
}

export function LineageDrawing({ lineage, small = false, unfolded = false }: LineageDrawingProps) {
  const drawing = useMemo(() => drawingOf(lineage, unfolded ? Infinity : TOO_ALIKE), [lineage, unfolded]);
  const plan = useMemo(() => layout(drawing.nodes.map(({ id }) => id), drawing.edges, SIZES), [drawing]);
  const [zoom, setZoom] = useState(1);
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const fitted = Math.min(1, Math.max(SMALLEST, (width - 2 * MARGIN) / plan.width));
  const scale = small ? fitted : zoom;
  useCentred(frame, plan, lineage.start, scale, width > 0);
  return (
    <div className="drawing" data-small={small}>
      {!small && <ZoomButtons zoom={zoom} setZoom={setZoom} fit={(width - 2 * MARGIN) / plan.width} />}
      <div className="drawing-frame" ref={frame} tabIndex={-1}>
        <div className="drawing-room" style={{ width: plan.width * scale, height: plan.height * scale }}>
          <Canvas drawing={drawing} plan={plan} start={lineage.start} scale={scale} />
        </div>
      </div>
    </div>
  );
}

function Canvas({ drawing, plan, start, scale }: { drawing: Drawing; plan: Layout; start: number; scale: number }) {
  const [lit, setLit] = useState<number | null>(null);
  const nodes = new Map(drawing.nodes.map((node) => [node.id, node]));
  return (
    <div className="canvas" style={{ width: plan.width, height: plan.height, transform: `scale(${scale})` }}>
      <svg width={plan.width} height={plan.height} aria-hidden="true">
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
          <path d="M0,0.5L8,4L0,7.5z" />
        </marker>
        {plan.paths.map(({ source, target, points }) => (
          <path
            key={`${source} ${target}`}
            className="drawn-edge"
            data-lit={lit === source || lit === target}
            d={curve(points)}
            markerEnd="url(#arrow)"
          />
        ))}
      </svg>
      {plan.spots.map((spot) => (
        <div
          key={spot.id}
          className="drawn-node"
          data-start={spot.id === start}
          style={placeOf(spot)}
          onPointerEnter={() => setLit(spot.id)}
          onPointerLeave={() => setLit(null)}
          onFocus={() => setLit(spot.id)}
          onBlur={() => setLit(null)}
        >
          <NodeBody node={nodes.get(spot.id)!} start={spot.id === start} />
        </div>
      ))}
    </div>
  );
}

function placeOf({ x, y }: Spot) {
  return { left: x, top: y, width: SIZES.width, height: SIZES.height };
}

function NodeBody({ node, start }: { node: DrawnNode; start: boolean }): ReactNode {
  if (node.what === "hidden") {
    return (
      <span className="node" data-what="hidden" title="You may not see what stands here">
        <Icon name="hidden" />
        <span className="node-text muted">not yours to see</span>
      </span>
    );
  }
  if (node.what === "group") {
    return (
      <Link className="node" data-what="group" href={withParams({ view: "lineage", unfold: "1" })} title="Show each of them">
        <KindIcon kind={node.kind} />
        <span className="node-text">
          <span className="node-name">
            {count(node.members.length)} {plural(node.kind)}
          </span>
        </span>
      </Link>
    );
  }
  const { entity } = node;
  return (
    <Link
      className="node"
      data-what="entity"
      href={entityHref(entity.uuid)}
      title={`${kindName(entity.kind)} ${title(entity)}`}
      aria-current={start ? "true" : undefined}
    >
      <KindIcon kind={entity.kind} />
      <span className="node-text">
        <span className="node-name">{shortTitle(entity)}</span>
        <span className="node-kind">{kindName(entity.kind)}</span>
      </span>
    </Link>
  );
}

interface ZoomButtonsProps {
  zoom: number;
  setZoom: (zoom: number) => void;
  fit: number;
}

function ZoomButtons({ zoom, setZoom, fit }: ZoomButtonsProps) {
  const to = (value: number) => setZoom(Math.min(2, Math.max(0.15, value)));
  return (
    <div className="zoom" role="group" aria-label="Zoom">
      <button type="button" className="icon-button" onClick={() => to(zoom / ZOOM_STEP)} aria-label="Smaller">
        −
      </button>
      <button type="button" className="quiet" onClick={() => to(Math.min(1, fit))}>
        Fit
      </button>
      <button type="button" className="icon-button" onClick={() => to(zoom * ZOOM_STEP)} aria-label="Larger">
        +
      </button>
    </div>
  );
}

function useWidth(box: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!box.current) return;
    setWidth(box.current.clientWidth);
    const watcher = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, [box]);
  return width;
}

/** Scrolls the node asked about into the middle, once for each drawing. */
function useCentred(frame: React.RefObject<HTMLElement | null>, plan: Layout, start: number, scale: number, ready: boolean) {
  useEffect(() => {
    const spot = plan.spots.find(({ id }) => id === start);
    if (!frame.current || !spot || !ready) return;
    frame.current.scrollLeft = (spot.x + SIZES.width / 2) * scale - frame.current.clientWidth / 2;
    frame.current.scrollTop = (spot.y + SIZES.height / 2) * scale - frame.current.clientHeight / 2;
  }, [frame, plan, start, scale, ready]);
}
