import "../../styles/entity.css";
import { useEffect, type ReactNode } from "react";
import { useEntity } from "../../api/queries";
import type { Neighbourhood } from "../../api/types";
import { remember } from "../../components/recent";
import { Problem } from "../../components/problem";
import { Moment, usePageTitle, Waiting } from "../../components/small";
import { title } from "../../format/words";
import { entityHref, Link, navigate, useSearch, withParams } from "../../router";
import { Explorer } from "../lineage/explorer";
import { FilesView } from "./files";
import { Header } from "./header";
import { HistoryView } from "./history";
import { Overview } from "./overview";

const VIEWS = ["overview", "lineage", "history", "files"] as const;
type View = (typeof VIEWS)[number];
const NAMES: Record<View, string> = { overview: "Overview", lineage: "Lineage", history: "History", files: "Files" };

export default function EntityPage({ entityRef }: { entityRef: string }) {
  const search = useSearch();
  const asOf = Number(search.get("as_of")) || undefined;
  const { data, error, refetch } = useEntity(entityRef, asOf);
  const view = VIEWS.find((each) => each === search.get("view")) ?? "overview";
  usePageTitle(data ? title(data.entity) : "");
  useEffect(() => {
    if (data) remember(data.entity);
  }, [data]);
  useOneAddress(entityRef, data?.entity.uuid);
  if (error && !data) return <Problem error={error} retry={refetch} />;
  if (!data) return <Waiting lines={10} />;
  return (
    <article className="entity">
      {asOf !== undefined && <Past at={asOf} />}
      <Header entity={data.entity} brief={view !== "overview"} past={asOf !== undefined} />
      <Tabs view={view} />
      <Body view={view} data={data} past={asOf !== undefined} />
    </article>
  );
}

/** Ids and outside addresses lead here too; the address that stays is the uuid. */
function useOneAddress(ref: string, uuid: string | undefined): void {
  useEffect(() => {
    if (uuid && uuid !== ref) navigate(entityHref(uuid) + location.search, { replace: true });
  }, [ref, uuid]);
}

function Past({ at }: { at: number }) {
  return (
    <p className="banner">
      As it was on <Moment at={at} />. <Link href={withParams({ as_of: null })}>Back to the present</Link>
    </p>
  );
}

function Tabs({ view }: { view: View }) {
  return (
    <nav className="tabs" aria-label="Views">
      {VIEWS.map((each) => (
        <Link
          key={each}
          href={location.pathname + (each === "overview" ? "" : `?view=${each}`)}
          aria-current={each === view ? "page" : undefined}
          keepScroll
        >
          {NAMES[each]}
        </Link>
      ))}
    </nav>
  );
}

function Body({ view, data, past }: { view: View; data: Neighbourhood; past: boolean }): ReactNode {
  switch (view) {
    case "lineage":
      return <Explorer of={data.entity.uuid} />;
    case "history":
      return <HistoryView uuid={data.entity.uuid} />;
    case "files":
      return <FilesView uuid={data.entity.uuid} />;
    case "overview":
      return <Overview view={data} past={past} />;
  }
}
