import "../../styles/runs.css";
import "../../styles/entity.css";
import { useDifference } from "../../api/queries";
import type { Changed, Entity, Value } from "../../api/types";
import { Icon } from "../../components/icons";
import { Problem } from "../../components/problem";
import { Empty, EntityLink, Section, usePageTitle, Waiting } from "../../components/small";
import { measure } from "../../format/number";
import { short } from "../../format/properties";
import { capital } from "../../format/words";
import { Link, useSearch, withParams } from "../../router";

/** All that differs between two models, runs or data sets, also of what they were made from. */
export default function DifferencePage() {
  usePageTitle("Differences");
  const search = useSearch();
  const [before, after] = [search.get("before") ?? "", search.get("after") ?? ""];
  const { data, error, refetch } = useDifference(before, after);
  if (!before || !after) return <Empty>Choose two versions on the page of a model, or two runs in the table of runs.</Empty>;
  if (error && !data) return <Problem error={error} retry={refetch} />;
  if (!data) return <Waiting lines={10} />;
  const nodes = new Map((data.nodes ?? []).map((node) => [node.id, node]));
  const areas = [...new Set(data.changes.map(({ area }) => area))];
  return (
    <div className="compare">
      <h1>What differs</h1>
      <p className="row difference-ends">
        <End node={nodes.get(data.before)} id={data.before} />
        <Icon name="right" />
        <End node={nodes.get(data.after)} id={data.after} />
        <Link className="button" href={withParams({ before: after, after: before })}>
          Turn round
        </Link>
      </p>
      {data.changes.length === 0 && <Empty>They do not differ in anything that is known.</Empty>}
      {areas.map((area) => (
        <Section key={area} heading={capital(area)}>
          <Area changes={data.changes.filter((each) => each.area === area)} nodes={nodes} />
        </Section>
      ))}
    </div>
  );
}

function End({ node, id }: { node: Entity | undefined; id: number }) {
  return node ? <EntityLink entity={node} /> : <span className="muted">#{id}</span>;
}

function Area({ changes, nodes }: { changes: Changed[]; nodes: Map<number, Entity> }) {
  const near = changes.some(({ at }) => at != null);
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={changes[0]?.area}>
      <table className="table differences">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
            {near && <th scope="col">Of</th>}
          </tr>
        </thead>
        <tbody>
          {changes.map((change, at) => (
            <tr key={at}>
              <th scope="row">
                {change.what} <span className="muted">{change.how === "changed" ? "" : change.how}</span>
              </th>
              <td>
                <del>{told(change.before)}</del>
              </td>
              <td>
                <ins>{told(change.after)}</ins>
              </td>
              {near && <td>{change.at != null && <End node={nodes.get(change.at)} id={change.at} />}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function told(value: Value | undefined): string {
  return typeof value === "number" ? measure(value) : short(value).slice(0, 300);
}
