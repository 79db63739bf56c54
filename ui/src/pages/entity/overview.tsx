import { useLineage, useLineageKinds } from "../../api/queries";
import type { EntityView } from "../../api/types";
import { Failure } from "../../components/problem";
import { Section } from "../../components/small";
import { LineageDrawing } from "../../graph/drawing";
import { Link, withParams } from "../../router";
import { Contents } from "./contents";
import { Details } from "./details";
import { Edges } from "./edges";
import { Facets } from "./facets";
import { Metrics } from "./metrics";
import { Properties } from "./properties";

/** Everything about the entity on one page; of the `past` only what was kept of it. */
export function Overview({ view: { entity, edges = [], neighbours = [] }, past }: { view: EntityView; past: boolean }) {
  const lineageKinds = useLineageKinds().data;
  const flows = edges.some((edge) => lineageKinds?.has(edge.kind));
  return (
    <div className="overview">
      <div className="overview-main">
        {flows && !past && <SmallLineage uuid={entity.uuid} />}
        <Metrics uuid={entity.uuid} metrics={entity.metrics ?? {}} />
        <Properties properties={entity.properties ?? {}} />
        <Facets facets={entity.facets ?? {}} />
        {!past && <Contents id={entity.id} />}
      </div>
      <aside className="overview-side" aria-label="Details">
        <Details entity={entity} />
        <Edges id={entity.id} edges={edges} neighbours={neighbours} />
      </aside>
    </div>
  );
}

const DEPTH = 2;
const LIMIT = 80;

function SmallLineage({ uuid }: { uuid: string }) {
  const { data, error, refetch } = useLineage(uuid, "both", DEPTH, LIMIT);
  return (
    <Section heading="Lineage" aside={<Link href={withParams({ view: "lineage" })}>Open in full</Link>}>
      {error && !data && <Failure error={error} retry={refetch} />}
      <div className="drawing-place" data-small>
        {data && <LineageDrawing lineage={data} small />}
      </div>
    </Section>
  );
}
