/** Several pieces of a lineage as one, and what hangs on what in it. */

import type { Edge, Lineage } from "../api/types";

/** All pieces together; nodes and edges that stand in several of them once. */
export function merged(start: number, pieces: Lineage[]): Lineage {
  const nodes = new Map(pieces.flatMap((piece) => piece.nodes.map((node) => [node.id, node])));
  const hidden = new Set(pieces.flatMap((piece) => piece.hidden ?? []));
  const edges = new Map(pieces.flatMap((piece) => piece.edges.map((edge) => [`${edge.source} ${edge.target} ${edge.kind}`, edge])));
  return {
    start,
    nodes: [...nodes.values()].sort((a, b) => a.id - b.id),
    hidden: [...hidden].filter((id) => !nodes.has(id)).sort((a, b) => a - b),
    edges: [...edges.values()].sort((a, b) => a.id - b.id),
    truncated: pieces.some((piece) => piece.truncated),
  };
}

type Link = Pick<Edge, "source" | "target">;

/** The node and all that can be reached from it along the edges, or against them. */
export function reached(start: number, links: Link[], direction: "up" | "down"): Set<number> {
  const next = new Map<number, number[]>();
  for (const { source, target } of links) {
    const [from, to] = direction === "down" ? [source, target] : [target, source];
    next.set(from, [...(next.get(from) ?? []), to]);
  }
  const found = new Set([start]);
  for (const id of found) for (const each of next.get(id) ?? []) found.add(each);
  return found;
}

/** All nodes on a way from one to the other, whichever is upstream; empty when there is none. */
export function between(a: number, b: number, links: Link[]): Set<number> {
  const forward = meeting(reached(a, links, "down"), reached(b, links, "up"));
  return forward.has(a) && forward.has(b) ? forward : keepBoth(meeting(reached(b, links, "down"), reached(a, links, "up")), a, b);
}

function meeting(a: Set<number>, b: Set<number>): Set<number> {
  return new Set([...a].filter((id) => b.has(id)));
}

function keepBoth(found: Set<number>, a: number, b: number): Set<number> {
  return found.has(a) && found.has(b) ? found : new Set();
}

/** The lineage without nodes of these kinds; what led through them is joined. */
export function without(lineage: Lineage, kinds: Set<string>): Lineage {
  const gone = new Set(lineage.nodes.filter((node) => kinds.has(node.kind) && node.id !== lineage.start).map(({ id }) => id));
  if (gone.size === 0) return lineage;
  const after = new Map<number, Edge[]>();
  for (const edge of lineage.edges) after.set(edge.source, [...(after.get(edge.source) ?? []), edge]);
  const edges = lineage.edges.filter(({ source }) => !gone.has(source)).flatMap((edge) => ends(edge, gone, after));
  return { ...lineage, nodes: lineage.nodes.filter(({ id }) => !gone.has(id)), edges };
}

/** The edge itself, or in place of one into a node that is gone, those to the next that are not. */
function ends(edge: Edge, gone: Set<number>, after: Map<number, Edge[]>): Edge[] {
  const found: Edge[] = [];
  const seen = new Set<number>();
  const waiting = [edge];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (!gone.has(next.target)) found.push({ ...next, source: edge.source });
    else if (!seen.has(next.target)) {
      seen.add(next.target);
      waiting.push(...(after.get(next.target) ?? []));
    }
  }
  return found;
}
