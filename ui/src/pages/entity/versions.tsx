/** Versions of a registered model, its aliases, and what each version was trained on. */

import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { call, entityPath } from "../../api/client";
import { useFind } from "../../api/queries";
import type { Entity, NewAlias, Query } from "../../api/types";
import { Dialog } from "../../components/dialog";
import { Icon } from "../../components/icons";
import { Ago, Empty, Section, Waiting } from "../../components/small";
import { aliasesOf, numberOfVersion } from "../../format/models";
import { measure, toNumber } from "../../format/number";
import { metricRank } from "../../format/runs";
import { short } from "../../format/properties";
import { entityHref, Link, navigate, queryText } from "../../router";

const METRICS_SHOWN = 4;

function versionsOf(id: number): Query {
  const where: Query["where"] = { expr: "compare", field: { field: "attribute", name: "home" }, op: "=", value: id };
  return {
    kinds: ["model_version"],
    where,
    order: [{ field: { field: "property", key: "version" }, descending: true }],
    limit: 200,
    parts: ["properties", "metrics"],
  };
}

export function Versions({ model }: { model: Entity }) {
  const { data } = useFind(versionsOf(model.id));
  const [chosen, setChosen] = useState<string[]>([]);
  const [moving, setMoving] = useState<string | null>(null);
  if (!data) return <Waiting lines={4} />;
  const versions = data.entities;
  const aliases = aliasesOf(model);
  const metrics = metricsOf(versions);
  const choose = (uuid: string) => setChosen((before) => (before.includes(uuid) ? before.filter((each) => each !== uuid) : [...before, uuid].slice(-2)));
  const [second, first] = versions.filter(({ uuid }) => chosen.includes(uuid)).map(({ uuid }) => uuid);
  return (
    <Section
      heading={
        <>
          Versions <span className="muted">{versions.length}</span>
        </>
      }
      aside={
        <span className="row">
          <button type="button" disabled={!first || !second} onClick={() => navigate(`/difference${queryText({ before: first!, after: second! })}`)}>
            Compare two
          </button>
          <button type="button" onClick={() => setMoving("")} disabled={versions.length === 0}>
            <Icon name="alias" /> Set an alias
          </button>
        </span>
      }
    >
      {versions.length === 0 && <Empty>No version is registered yet.</Empty>}
      {versions.length > 0 && (
        <div className="table-box" tabIndex={0} role="region" aria-label="Versions">
          <table className="table versions">
            <thead>
              <tr>
                <td />
                <th scope="col">Version</th>
                <th scope="col">Aliases</th>
                {metrics.map((key) => (
                  <th key={key} scope="col" className="number">
                    {key}
                  </th>
                ))}
                <th scope="col">Made</th>
                <th scope="col">By</th>
              </tr>
            </thead>
            <tbody>
              {versions.map((version) => (
                <Version
                  key={version.uuid}
                  version={version}
                  aliases={aliases.filter(([, number]) => number === numberOfVersion(version)).map(([alias]) => alias)}
                  metrics={metrics}
                  chosen={chosen.includes(version.uuid)}
                  choose={() => choose(version.uuid)}
                  move={setMoving}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {moving !== null && <MoveAlias model={model} versions={versions} alias={moving} close={() => setMoving(null)} />}
    </Section>
  );
}

function metricsOf(versions: Entity[]): string[] {
  const keys = new Set(versions.flatMap(({ metrics = {} }) => Object.keys(metrics)).filter((key) => !key.includes("?")));
  return [...keys].sort((a, b) => metricRank(a) - metricRank(b) || a.localeCompare(b)).slice(0, METRICS_SHOWN);
}

interface VersionProps {
  version: Entity;
  aliases: string[];
  metrics: string[];
  chosen: boolean;
  choose: () => void;
  move: (alias: string) => void;
}

function Version({ version, aliases, metrics, chosen, choose, move }: VersionProps) {
  const number = numberOfVersion(version);
  const stage = short(version.properties?.["stage"]);
  return (
    <tr>
      <td>
        <input type="checkbox" checked={chosen} onChange={choose} aria-label={`Compare version ${number}`} />
      </td>
      <th scope="row">
        <Link href={entityHref(version.uuid)}>Version {number}</Link>
        {stage && <span className="state">{stage}</span>}
      </th>
      <td>
        <span className="labels">
          {aliases.map((alias) => (
            <button key={alias} type="button" className="label alias" data-category="term" title={`Move ${alias} to another version`} onClick={() => move(alias)}>
              <Icon name="alias" /> {alias}
            </button>
          ))}
        </span>
      </td>
      {metrics.map((key) => (
        <td key={key} className="number">
          {version.metrics?.[key] && measure(toNumber(version.metrics[key][1]))}
        </td>
      ))}
      <td>
        <Ago at={version.created} />
      </td>
      <td>{version.owner}</td>
    </tr>
  );
}

interface MoveProps {
  model: Entity;
  versions: Entity[];
  /** Empty for a new one. */
  alias: string;
  close: () => void;
}

function MoveAlias({ model, versions, alias, close }: MoveProps) {
  const client = useQueryClient();
  const [name, setName] = useState(alias);
  const now = aliasesOf(model).find(([each]) => each === alias)?.[1];
  const [number, setNumber] = useState<number | null>(now ?? numberOfVersion(versions[0]!));
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState("");
  const send = async (version: number | null) => {
    const body: NewAlias = { version, reason };
    try {
      await call("PUT", `${entityPath(model.uuid)}/aliases/${encodeURIComponent(name.trim())}`, body);
      await client.invalidateQueries();
      close();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send(number);
  };
  return (
    <Dialog heading={alias ? `Move ${alias}` : "Set an alias"} close={close}>
      <form className="form" onSubmit={submit}>
        {!alias && (
          <label>
            Alias
            <input required value={name} onChange={(event) => setName(event.target.value)} placeholder="champion" />
          </label>
        )}
        <label>
          leads to
          <select value={number ?? ""} onChange={(event) => setNumber(Number(event.target.value))}>
            {versions.map((version) => (
              <option key={version.uuid} value={numberOfVersion(version)}>
                Version {numberOfVersion(version)}
                {numberOfVersion(version) === now ? " (now)" : ""}
              </option>
            ))}
          </select>
        </label>
        <label>
          because
          <textarea rows={3} required value={reason} onChange={(event) => setReason(event.target.value)} placeholder="What made you decide; it is kept in the history" />
        </label>
        <span className="row">
          <button type="submit" className="primary small">
            {alias ? "Move" : "Set"}
          </button>
          {alias && (
            <button type="button" onClick={() => void send(null)}>
              Withdraw {alias}
            </button>
          )}
          <button type="button" className="quiet" onClick={close}>
            Cancel
          </button>
        </span>
        {problem && (
          <p className="failure" role="alert">
            {problem}
          </p>
        )}
      </form>
    </Dialog>
  );
}
