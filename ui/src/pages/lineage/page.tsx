import { useEntity, useFind } from "../../api/queries";
import type { Entity, Query } from "../../api/types";
import { Icon, KindIcon } from "../../components/icons";
import { recent, type Seen } from "../../components/recent";
import { Section, usePageTitle } from "../../components/small";
import { kindName, plural, shortTitle, title } from "../../format/words";
import { Link, useSearch } from "../../router";
import { Explorer } from "./explorer";

export default function LineagePage() {
  const of = useSearch().get("of");
  return of ? <Lineage key={of} of={of} /> : <Beginning />;
}

function Lineage({ of }: { of: string }) {
  const { data } = useEntity(of);
  usePageTitle(data ? `Lineage of ${title(data.entity)}` : "Lineage");
  return (
    <div className="lineage-page">
      <h1 className="row">
        {data ? (
          <>
            <KindIcon kind={data.entity.kind} /> {title(data.entity)}
          </>
        ) : (
          "Lineage"
        )}
      </h1>
      <Explorer of={of} />
    </div>
  );
}

const FEW = 12;
const KINDS = ["dataset", "model", "dashboard", "job"];

function latest(kind: string): Query {
  return { kinds: [kind], order: [{ field: { field: "attribute", name: "updated" }, descending: true }], limit: FEW, parts: [] };
}

/** Where to begin: what was looked at, and the latest of each kind that data flows through. */
function Beginning() {
  usePageTitle("Lineage");
  const seen = recent();
  return (
    <div className="beginning">
      <h1>Lineage</h1>
      <p className="muted">
        Choose where to begin, or press <kbd>/</kbd> to search: from any page the tab Lineage leads here.
      </p>
      {seen.length > 0 && (
        <Section heading="Looked at last">
          <Choices items={seen} />
        </Section>
      )}
      {KINDS.map((kind) => (
        <Latest key={kind} kind={kind} />
      ))}
    </div>
  );
}

function Latest({ kind }: { kind: string }) {
  const { data } = useFind(latest(kind));
  if (!data || data.entities.length === 0) return null;
  return (
    <Section heading={plural(kind).replace(/^./, (first) => first.toUpperCase())}>
      <Choices items={data.entities} />
    </Section>
  );
}

function Choices({ items }: { items: (Entity | Seen)[] }) {
  return (
    <ul className="choices">
      {items.map((item) => (
        <li key={item.uuid}>
          <Link href={`/lineage?of=${item.uuid}`} title={`${kindName(item.kind)} ${title(item)}`}>
            <KindIcon kind={item.kind} />
            <span>{shortTitle(item)}</span>
            <Icon name="right" />
          </Link>
        </li>
      ))}
    </ul>
  );
}
