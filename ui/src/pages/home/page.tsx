import { useCounts, useFind } from "../../api/queries";
import type { Query } from "../../api/types";
import { familyOf, KindIcon } from "../../components/icons";
import { EntityRows } from "../../components/rows";
import { Failure } from "../../components/problem";
import { SearchBox } from "../../components/search-box";
import { Section, usePageTitle, Waiting } from "../../components/small";
import { count } from "../../format/number";
import { kindName, plural } from "../../format/words";
import { kindHref, Link } from "../../router";
import { Welcome } from "./welcome";

export function HomePage() {
  usePageTitle("");
  const { data: counts, error, refetch } = useCounts();
  const empty = counts !== undefined && Object.keys(counts).every(isOnlyPlace);
  return (
    <div className="home">
      <h1 className="hidden-heading">Lineal</h1>
      <SearchBox text="" large />
      {error && !counts && <Failure error={error} retry={refetch} />}
      {!counts && !error && <Waiting lines={5} />}
      {empty && <Welcome />}
      {counts && !empty && (
        <>
          <Tiles counts={counts} />
          <Recent />
        </>
      )}
    </div>
  );
}

/** MLflow's clients expect a default experiment, so that a store is never quite empty. */
function isOnlyPlace(kind: string): boolean {
  return familyOf(kind) === "context";
}

function Tiles({ counts }: { counts: Record<string, number> }) {
  const kinds = Object.entries(counts).filter(([, number]) => number > 0);
  kinds.sort(([a, many], [b, few]) => few - many || a.localeCompare(b));
  return (
    <ul className="tiles" aria-label="What is here">
      {kinds.map(([kind, number]) => (
        <li key={kind}>
          <Link className="tile" href={kindHref(kind)}>
            <KindIcon kind={kind} />
            <span className="tile-count">{count(number)}</span>
            <span className="tile-name">{number === 1 ? kindName(kind) : plural(kind)}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** What belongs to something else, which is shown with it. */
const PARTS = ["column", "dataset_version", "alias", "assessment"];
const RECENT: Query = {
  where: { expr: "compare", field: { field: "attribute", name: "kind" }, op: "not in", value: PARTS },
  order: [{ field: { field: "attribute", name: "updated" }, descending: true }],
  limit: 15,
  parts: ["properties", "labels"],
};

function Recent() {
  const { data, error, refetch } = useFind(RECENT);
  return (
    <Section heading="Recently changed" aside={<Link href="/search">Browse everything</Link>}>
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Waiting lines={8} />}
      {data && <EntityRows entities={data.entities} />}
    </Section>
  );
}
