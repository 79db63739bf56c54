import type { Edge, Entity } from "../../api/types";
import { EntityLink, Section, useFew } from "../../components/small";
import { groupEdges, type EdgeGroup } from "../../format/edges";
import { count } from "../../format/number";

const FEW = 8;

export function Edges({ id, edges, neighbours }: { id: number; edges: Edge[]; neighbours: Entity[] }) {
  return groupEdges(id, edges, neighbours).map((group) => <Group key={group.heading} group={group} />);
}

function Group({ group: { heading, entities } }: { group: EdgeGroup }) {
  const { shown, more } = useFew(entities, FEW);
  return (
    <Section heading={heading} aside={entities.length > 1 && <span className="muted">{count(entities.length)}</span>}>
      <ul className="links">
        {shown.map((entity) => (
          <li key={entity.uuid}>
            <EntityLink entity={entity} />
          </li>
        ))}
      </ul>
      {more}
    </Section>
  );
}
