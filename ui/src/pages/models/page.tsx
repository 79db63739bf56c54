import "../../styles/runs.css";
import "../../styles/entity.css";
import { useState } from "react";
import { useFind } from "../../api/queries";
import type { Entity, Query } from "../../api/types";
import { Icon, KindIcon } from "../../components/icons";
import { Labels } from "../../components/labels";
import { Problem } from "../../components/problem";
import { Ago, Empty, usePageTitle, Waiting } from "../../components/small";
import { aliasesOf } from "../../format/models";
import { count } from "../../format/number";
import { short } from "../../format/properties";
import { title } from "../../format/words";
import { entityHref, Link } from "../../router";
import { Filter } from "../entity/properties";

const MODELS: Query = {
  kinds: ["model"],
  order: [{ field: { field: "attribute", name: "updated" }, descending: true }],
  limit: 1000,
  parts: ["properties", "labels"],
  count: true,
};

export default function ModelsPage() {
  usePageTitle("Models");
  const { data, error, refetch } = useFind(MODELS);
  const [filter, setFilter] = useState("");
  if (error && !data) return <Problem error={error} retry={refetch} />;
  const found = (data?.entities ?? []).filter((model) => `${model.name} ${model.owner ?? ""} ${about(model)}`.toLowerCase().includes(filter.toLowerCase()));
  return (
    <div className="models">
      <header className="runs-head">
        <h1>Models</h1>
        <span className="muted" aria-live="polite">
          {data?.total != null && `${count(data.total)} registered`}
        </span>
        {(data?.entities.length ?? 0) > 5 && <Filter what="models" value={filter} change={setFilter} />}
      </header>
      {!data && <Waiting lines={8} />}
      {data?.entities.length === 0 && (
        <Empty>
          No model is registered yet. <code>mlflow.register_model(model_uri, "name")</code> or <code>log_model(…, registered_model_name="name")</code>{" "}
          registers one.
        </Empty>
      )}
      {data && data.entities.length > 0 && found.length === 0 && <Empty>None matches.</Empty>}
      <ul className="model-list">
        {found.map((model) => (
          <Model key={model.uuid} model={model} />
        ))}
      </ul>
    </div>
  );
}

function about(model: Entity): string {
  return short(model.properties?.["description"]);
}

function Model({ model }: { model: Entity }) {
  const versions = model.properties?.["last_version"];
  return (
    <li className="card model-card">
      <header>
        <Link href={entityHref(model.uuid)} className="model-name">
          <KindIcon kind={model.kind} /> {title(model)}
        </Link>
        <span className="muted">{typeof versions === "number" && `${versions} ${versions === 1 ? "version" : "versions"}`}</span>
      </header>
      <p className="model-about">{about(model) || <span className="muted">No description</span>}</p>
      <p className="labels">
        {aliasesOf(model).map(([alias, version]) => (
          <span key={alias} className="label" data-category="term">
            <Icon name="alias" /> {alias} → {version}
          </span>
        ))}
        <Labels labels={model.labels} />
      </p>
      <p className="muted model-foot">
        {model.owner && <span>{model.owner}</span>}
        <span>
          changed <Ago at={model.updated} />
        </span>
        <Link href={`/lineage?of=${model.uuid}`}>Lineage</Link>
      </p>
    </li>
  );
}
