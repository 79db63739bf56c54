import { useHistory } from "../../api/queries";
import type { Event } from "../../api/types";
import { Failure } from "../../components/problem";
import { Ago, Empty, NamedLink, useFew, Waiting } from "../../components/small";
import { byCommit, linesOf, linkOf, type Line } from "../../format/changes";
import { short } from "../../format/properties";
import { actionName, kindName } from "../../format/words";
import { Link, useSearch, withParams } from "../../router";

const STEP = 100;
const FEW = 8;

export function HistoryView({ uuid }: { uuid: string }) {
  const limit = Number(useSearch().get("limit")) || STEP;
  const { data, error, refetch } = useHistory(uuid, limit);
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Waiting lines={8} />;
  if (data.length === 0) return <Empty>Nothing was recorded about it.</Empty>;
  return (
    <>
      <ol className="events">
        {byCommit(data).map((events) => (
          <li key={events[0]!.commit}>
            <Entry events={events} />
          </li>
        ))}
      </ol>
      {data.length >= limit && (
        <Link className="button" keepScroll href={withParams({ limit: String(limit + STEP) })}>
          Show older
        </Link>
      )}
    </>
  );
}

/** What one commit did stands together. */
function Entry({ events }: { events: Event[] }) {
  const { principal, door, at, note } = events[0]!;
  return (
    <>
      <p className="event-head">
        <strong>{principal || "somebody"}</strong>
        <span>through {door}</span>
        <Ago at={at} />
        {note && <span>“{note}”</span>}
        <Link className="event-past" href={withParams({ view: null, as_of: String(at) })}>
          As it was then
        </Link>
      </p>
      {events.map((event) => (
        <div key={event.number} className="event">
          <span className="event-action">{actionName(event.action)}</span>
          <EventBody event={event} />
        </div>
      ))}
    </>
  );
}

function EventBody({ event }: { event: Event }) {
  const { shown, more } = useFew(linesOf(event), FEW);
  const link = linkOf(event);
  if (link) {
    return (
      <span className="event-link">
        <NamedLink id={link.source} /> <span className="muted">→ {kindName(link.kind)} →</span> <NamedLink id={link.target} />
      </span>
    );
  }
  if (shown.length === 0) return null;
  return (
    <ul className="lines">
      {shown.map((line) => (
        <ChangedLine key={line.name} line={line} />
      ))}
      {more && <li>{more}</li>}
    </ul>
  );
}

function ChangedLine({ line: { name, before, after } }: { line: Line }) {
  const [old, now] = [short(before), short(after)];
  return (
    <li>
      <span className="line-name">{name}</span>
      {old && <del>{clipped(old)}</del>}
      {old && now && <span aria-hidden="true">→</span>}
      {now && <ins>{clipped(now)}</ins>}
    </li>
  );
}

function clipped(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
