/** Folding many like nodes into one, so that a hub with hundreds of neighbours stays readable. */

import type { Edge, Entity, Lineage } from "../api/types";

export type DrawnNode =
  | { id: number; what: "entity"; entity: Entity }
  | { id: number; what: "hidden" }
  | { id: number; what: "group"; kind: string; members: Entity[] };

export interface Drawing {
  nodes: DrawnNode[];
  edges: Pick<Edge, "source" | "target" | "kind">[];
}

/** What to draw of a lineage: nodes of one kind with the same neighbours become one group when there are more than `most`. */
export function drawingOf(lineage: Lineage, most: number): Drawing {
  const groups = twins(lineage).filter((members) => members.length > most);
  const groupOf = new Map(groups.flatMap((members) => members.map((each) => [each.id, members[0]!.id] as const)));
  const nodes: DrawnNode[] = [
    ...lineage.nodes.filter((each) => !groupOf.has(each.id)).map((entity) => ({ id: entity.id, what: "entity" as const, entity })),
    ...(lineage.hidden ?? []).map((id) => ({ id, what: "hidden" as const })),
    ...groups.map((members) => ({ id: members[0]!.id, what: "group" as const, kind: members[0]!.kind, members })),
  ];
  const end = (id: number) => groupOf.get(id) ?? id;
  const edges = lineage.edges.map(({ source, target, kind }) => ({ source: end(source), target: end(target), kind }));
  return { nodes, edges };
}

/** The nodes other than the start, by kind and neighbours. */
function twins({ start, nodes, edges }: Lineage): Entity[][] {
  const around = new Map<number, string[]>();
  const note = (id: number, what: string) => around.set(id, [...(around.get(id) ?? []), what]);
  for (const { source, target, kind } of edges) {
    note(source, `${kind} to ${target}`);
    note(target, `${kind} from ${source}`);
  }
  const alike = new Map<string, Entity[]>();
  for (const node of nodes) {
    if (node.id === start) continue;
    const likeness = `${node.kind}: ${(around.get(node.id) ?? []).sort().join(", ")}`;
    alike.set(likeness, [...(alike.get(likeness) ?? []), node]);
  }
  return [...alike.values()];
}
