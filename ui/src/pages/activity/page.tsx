import "../../styles/runs.css";
import { useInfiniteQuery } from "@tanstack/react-query";
import { get, queryString } from "../../api/client";
import type { Activity, Done, Event } from "../../api/types";
import { KindIcon } from "../../components/icons";
import { Problem } from "../../components/problem";
import { Ago, Empty, usePageTitle, Waiting } from "../../components/small";
import { linesOf, type Line } from "../../format/changes";
import { count } from "../../format/number";
import { short } from "../../format/properties";
import { actionName, kindName, plural, shortTitle } from "../../format/words";
import { entityHref, Link, navigate, useSearch, withParams } from "../../router";
import "../../styles/activity.css";

const PAGE = 40;
const FEW_LINES = 3;
const SHOWN = 4;
const ACTIONS = ["created", "updated", "deleted", "restored", "linked", "unlinked", "labelled", "unlabelled", "points"];

export default function ActivityPage() {
  usePageTitle("Activity");
  const search = useSearch();
  const asked = { principal: search.get("who") ?? undefined, door: search.get("door") ?? undefined, action: search.get("action") ?? undefined, kind: search.getAll("kind") };
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["activity", asked],
    queryFn: ({ pageParam, signal }) => get<Activity>(`/activity${queryString({ ...asked, limit: PAGE, before: pageParam ?? undefined })}`, signal),
    initialPageParam: null as number | null,
    getNextPageParam: ({ before }) => before ?? null,
  });
  if (error && !data) return <Problem error={error} retry={refetch} />;
  const commits = data?.pages.flatMap((page) => page.commits) ?? [];
  const narrowed = search.size > 0;
  return (
    <div className="activity">
      <header className="runs-head">
        <h1>Activity</h1>
        <span className="activity-filters">
          {(["who", "door", "kind"] as const).map(
            (key) =>
              search.get(key) && (
                <Link key={key} className="chip" aria-label={`No longer only ${search.get(key)}`} href={withParams({ [key]: null })}>
                  {key === "kind" ? plural(search.get(key)!) : search.get(key)} ×
                </Link>
              ),
          )}
          <select aria-label="What was done" value={asked.action ?? ""} onChange={(event) => navigate(withParams({ action: event.target.value || null }), { replace: true })}>
            <option value="">Everything that was done</option>
            {ACTIONS.map((action) => (
              <option key={action} value={action}>
                {actionName(action)}
              </option>
            ))}
          </select>
        </span>
      </header>
      {!data && <Waiting lines={10} />}
      {data && commits.length === 0 && !hasNextPage && <Empty>{narrowed ? "Nothing of the kind was done." : "Nothing has been done yet."}</Empty>}
      {commits.length > 0 && (
        <ol className="activity-list">
          {commits.map((done, at) => (
            <Fragmented key={done.commit} done={done} day={dayOf(done, commits[at - 1])} />
          ))}
        </ol>
      )}
      {hasNextPage && (
        <button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show older
        </button>
      )}
    </div>
  );
}

/** The day, where it is another than that of the commit above. */
function dayOf(done: Done, above: Done | undefined): string {
  const words = (at: number) => new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(at);
  const day = words(done.at);
  return above && words(above.at) === day ? "" : day;
}

function Fragmented({ done, day }: { done: Done; day: string }) {
  return (
    <>
      {day && (
        <li className="activity-day">
          <h2>{day}</h2>
        </li>
      )}
      <Commit done={done} />
    </>
  );
}

function Commit({ done: { commit, at, principal, door, note, total, entities, events } }: { done: Done }) {
  const shown = told(events).slice(0, SHOWN);
  const hidden = total - shown.reduce((sum, { events: each }) => sum + each.length, 0);
  return (
    <li className="activity-commit">
      <p className="activity-head">
        <Link href={withParams({ who: principal })}>{principal || "somebody"}</Link>
        <span className="muted">
          through <Link href={withParams({ door })}>{door}</Link>
        </span>
        <Ago at={at} />
        <span className="muted activity-number">#{commit}</span>
      </p>
      {note && <p className="activity-note">“{note}”</p>}
      <ul>
        {shown.map((each) => (
          <Told key={each.entity} told={each} />
        ))}
      </ul>
      {hidden > 0 && (
        <p className="muted">
          and {count(hidden)} more {hidden === 1 ? "change" : "changes"}; {count(entities)} {entities === 1 ? "entity" : "entities"} in all
        </p>
      )}
    </li>
  );
}

interface AboutOne {
  entity: number;
  events: Event[];
}

/** Events of one entity together. */
function told(events: Event[]): AboutOne[] {
  const found = new Map<number, Event[]>();
  for (const event of events) found.set(event.entity, [...(found.get(event.entity) ?? []), event]);
  return [...found].map(([entity, each]) => ({ entity, events: each }));
}

function Told({ told: { events } }: { told: AboutOne }) {
  const [first] = events;
  const { uuid, kind = "", name = "" } = first!;
  const lines = events.filter(({ action }) => action === "updated" || action === "labelled" || action === "unlabelled").flatMap(linesOf);
  return (
    <li className="activity-event">
      <span className="activity-what">
        {kind && (
          <Link className="activity-kind" href={withParams({ kind })} aria-label={`Only ${plural(kind)}`}>
            <KindIcon kind={kind} />
          </Link>
        )}
        <span>{[...new Set(events.map(({ action }) => actionName(action)))].join(", ")}</span>
        {uuid ? (
          <Link href={entityHref(uuid)} title={name}>
            {shortTitle({ name, uuid })}
          </Link>
        ) : (
          <span className="muted">{kindName(kind)}</span>
        )}
      </span>
      {lines.length > 0 && (
        <ul className="lines">
          {lines.slice(0, FEW_LINES).map((line) => (
            <ChangedLine key={line.name} line={line} />
          ))}
          {lines.length > FEW_LINES && <li className="muted">{lines.length - FEW_LINES} more values</li>}
        </ul>
      )}
    </li>
  );
}

function ChangedLine({ line: { name, before, after } }: { line: Line }) {
  const [old, now] = [short(before).slice(0, 120), short(after).slice(0, 120)];
  return (
    <li>
      <span className="line-name">{name}</span>
      {old && <del>{old}</del>}
      {old && now && <span aria-hidden="true">→</span>}
      {now && <ins>{now}</ins>}
    </li>
  );
}
