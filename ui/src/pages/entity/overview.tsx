import { useLineage } from "../../api/queries";
import type { Lineage, Neighbourhood } from "../../api/types";
import { Section, Waiting } from "../../components/small";
import { LineageDrawing } from "../../graph/drawing";
import { Link, withParams } from "../../router";
import { Contents } from "./contents";
import { Details } from "./details";
import { Edges } from "./edges";
import { Facets } from "./facets";
import { Metrics } from "./metrics";
import { Properties } from "./properties";

const DEPTH = 2;
const LIMIT = 80;

interface OverviewProps {
  view: Neighbourhood;
  /** Whether it is the entity of a moment long past, of which only a part was kept. */
  past: boolean;
}

/** Everything about the entity on one page. */
export function Overview({ view: { entity, edges = [], neighbours = [] }, past }: OverviewProps) {
  const { data: lineage, isPending } = useLineage(entity.uuid, "both", DEPTH, LIMIT, !past);
  // Without waiting, the page would jump when the drawing comes.
  if (isPending && !past) return <Waiting lines={10} />;
  const { metrics = {}, properties = {}, facets = {} } = entity;
  const bare = [metrics, properties, facets].every((each) => Object.keys(each).length === 0);
  const drawn = lineage && !past && isWorthDrawing(lineage);
  return (
    <div className="overview">
      <div className="overview-main">
        {drawn && <SmallLineage lineage={lineage} />}
        <Metrics uuid={entity.uuid} metrics={metrics} />
        <Properties properties={properties} />
        <Facets facets={facets} />
        {!past && <Contents id={entity.id} alone={bare && !drawn} />}
      </div>
      <aside className="overview-side" aria-label="Details">
        <Details entity={entity} />
        <Edges id={entity.id} edges={edges} neighbours={neighbours} />
      </aside>
    </div>
  );
}

function isWorthDrawing({ nodes, hidden = [] }: Lineage): boolean {
  return nodes.length + hidden.length > 1;
}

function SmallLineage({ lineage }: { lineage: Lineage }) {
  return (
    <Section heading="Lineage" aside={<Link href={withParams({ view: "lineage" })}>Open in full</Link>}>
      <LineageDrawing lineage={lineage} small />
    </Section>
  );
}
