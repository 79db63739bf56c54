/** An entity's edges sorted into lists with headings. */

import type { Edge, Entity } from "../api/types";
import { edgeHeading } from "./words";

export interface EdgeGroup {
  heading: string;
  entities: Entity[];
}

const FIRST = ["input in", "output out", "output in", "input out"];

/** What the entity read, wrote, was written and read by, then the others by heading; each neighbour once in a list. */
export function groupEdges(id: number, edges: Edge[], neighbours: Entity[]): EdgeGroup[] {
  const byId = new Map(neighbours.map((each) => [each.id, each]));
  const groups = new Map<string, EdgeGroup & { rank: number }>();
  for (const edge of edges) {
    const direction = edge.source === id ? "out" : "in";
    const far = byId.get(direction === "out" ? edge.target : edge.source);
    if (!far) continue;
    const heading = edgeHeading(edge.kind, direction);
    const group = groups.get(heading) ?? { heading, entities: [], rank: rankOf(edge.kind, direction) };
    if (!group.entities.includes(far)) group.entities.push(far);
    groups.set(heading, group);
  }
  const sorted = [...groups.values()].sort((a, b) => a.rank - b.rank || a.heading.localeCompare(b.heading));
  return sorted.map(({ heading, entities }) => ({ heading, entities }));
}

function rankOf(kind: string, direction: string): number {
  const rank = FIRST.indexOf(`${kind} ${direction}`);
  return rank < 0 ? FIRST.length : rank;
}
