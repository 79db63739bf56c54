import { useFind, useLineage } from "../../api/queries";
import type { Document, Entity, Lineage, Neighbourhood } from "../../api/types";
import { Section, Waiting } from "../../components/small";
import { LineageDrawing } from "../../graph/drawing";
import { Link, withParams } from "../../router";
import { Contents } from "./contents";
import { Details } from "./details";
import { Edges } from "./edges";
import { Facets } from "./facets";
import { Metrics } from "./metrics";
import { Properties } from "./properties";
import { statisticsOf } from "../../format/statistics";
import { columnsIn, isSchema, Schema } from "./schema";
import { Freshness, TrainedOn } from "./origins";
import { Versions } from "./versions";

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
  const columns = useFind(columnsIn(entity.id), entity.kind === "dataset");
  // Without waiting, the page would jump when the drawing and the labels of columns come.
  if ((isPending && !past) || (entity.kind === "dataset" && columns.isPending)) return <Waiting lines={10} />;
  const { metrics = {}, properties = {}, facets = {} } = entity;
  const schema = facets["schema"];
  const bare = [metrics, properties, facets].every((each) => Object.keys(each).length === 0);
  // The versions of a model and the columns of a schema are its contents.
  const contentsShown = entity.kind === "model" || (entity.kind === "dataset" && isSchema(schema));
  const drawn = lineage && !past && isWorthDrawing(lineage);
  return (
    <div className="overview">
      <div className="overview-main">
        {drawn && <SmallLineage lineage={lineage} />}
        {entity.kind === "model" && !past && <Versions model={entity} />}
        {isSchema(schema) && <Schema entity={entity} schema={schema} statistics={facets["statistics"]} />}
        <Metrics uuid={entity.uuid} metrics={metrics} />
        <Properties properties={shownProperties(entity, properties)} />
        <Facets facets={shownFacets(facets)} />
        {!past && !contentsShown && <Contents id={entity.id} alone={bare && !drawn} />}
      </div>
      <aside className="overview-side" aria-label="Details">
        <Details entity={entity} />
        <Edges id={entity.id} edges={entity.kind === "model" ? edges.filter(({ kind }) => kind !== "version") : edges} neighbours={neighbours} />
        {/model/.test(entity.kind) && !past && <TrainedOn entity={entity} />}
        {entity.kind === "dataset" && !past && <Freshness uuid={entity.uuid} />}
      </aside>
    </div>
  );
}

/** Without what the page shows elsewhere. */
function shownProperties({ kind }: Entity, properties: Document): Document {
  const elsewhere = (key: string) =>
    key === "description" || key === "tag.mlflow.note.content" || (kind === "model" && /^(alias\.|latest\.|last_version$)/.test(key));
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !elsewhere(key)));
}

function shownFacets(facets: Document): Document {
  const { schema, statistics, ...others } = facets;
  if (isSchema(schema)) return statisticsOf(statistics).columns.size > 0 || statistics === undefined ? others : { ...others, statistics };
  return facets;
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
