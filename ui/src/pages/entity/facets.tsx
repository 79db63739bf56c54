/** The documents of an entity: those that are known in a form of their own, the others as trees. */

import { useState } from "react";
import type { Document, Value } from "../../api/types";
import { pretty } from "../../api/parse";
import { Json } from "../../components/json";
import { CopyButton, Section } from "../../components/small";
import { packagesOf, scalarsOf } from "../../format/facets";
import { capital, kindName } from "../../format/words";
import { Filter } from "./properties";

export function Facets({ facets }: { facets: Document }) {
  return Object.entries(facets).map(([name, document]) => <Facet key={name} name={name} document={document} />);
}

function Facet({ name, document }: { name: string; document: Value }) {
  return (
    <Section heading={capital(kindName(name))} aside={<CopyButton text={pretty(document)} what={`the facet ${name}`} />}>
      <FacetBody name={name} document={document} />
    </Section>
  );
}

function FacetBody({ name, document }: { name: string; document: Value }) {
  if (name === "environment") return <Environment document={document} />;
  return (
    <div className="json-box">
      <Json value={document} />
    </div>
  );
}

function Environment({ document }: { document: Value }) {
  const { scalars, rest } = scalarsOf(document);
  const packages = packagesOf(rest["packages"]);
  const others = Object.entries(rest).filter(([key]) => key !== "packages" || packages.length === 0);
  return (
    <>
      <dl className="details">
        {scalars.map(([key, value]) => (
          <div key={key} className="detail">
            <dt>{kindName(key)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {others.length > 0 && (
        <div className="json-box">
          <Json value={Object.fromEntries(others)} />
        </div>
      )}
      {packages.length > 0 && <Packages packages={packages} />}
    </>
  );
}

function Packages({ packages }: { packages: [name: string, version: string][] }) {
  const [filter, setFilter] = useState("");
  const found = packages.filter(([name]) => name.toLowerCase().includes(filter.toLowerCase()));
  return (
    <details className="fold packages">
      <summary>{packages.length} packages</summary>
      <Filter what="packages" value={filter} change={setFilter} />
      <ul>
        {found.map(([name, version]) => (
          <li key={name}>
            {name} <span className="muted">{version}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
