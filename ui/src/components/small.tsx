/** The small pieces that every page is made of. */

import { useEffect, useState, type ReactNode } from "react";
import { useName } from "../api/queries";
import type { Entity } from "../api/types";
import { status } from "../format/properties";
import { ago, dateTime, exactTime } from "../format/time";
import { kindName, shortTitle, title } from "../format/words";
import { entityHref, Link } from "../router";
import { Icon, KindIcon } from "./icons";

/** How long ago, with the exact moment in the reader's zone on hovering. */
export function Ago({ at }: { at: number | null | undefined }) {
  if (!at) return null;
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
      {ago(at)}
    </time>
  );
}

/** The moment in the reader's zone. */
export function Moment({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
      {dateTime(at)}
    </time>
  );
}

export function EntityLink({ entity, icon = true }: { entity: Entity; icon?: boolean }) {
  return (
    <Link className="entity-link" href={entityHref(entity.uuid)} title={`${kindName(entity.kind)} ${title(entity)}`}>
      {icon && <KindIcon kind={entity.kind} />}
      <span className="entity-link-name">{shortTitle(entity)}</span>
    </Link>
  );
}

/** A link to an entity of which only the id is known; what may not be seen stays anonymous. */
export function NamedLink({ id }: { id: number }) {
  const { data, isError } = useName(id);
  if (isError) return <span className="muted">something you may not see</span>;
  return data ? <EntityLink entity={data} /> : <span className="muted">#{id}</span>;
}

export function Status({ entity }: { entity: Entity }) {
  const found = status(entity);
  if (!found) return null;
  return (
    <span className="status" data-tone={found.tone}>
      {found.word}
    </span>
  );
}

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = () => void navigator.clipboard?.writeText(text).then(() => setDone(true));
  return (
    <button type="button" className="copy" onClick={copy} aria-label={done ? "Copied" : `Copy ${what}`} title={done ? "Copied" : "Copy"}>
      <Icon name={done ? "check" : "copy"} />
    </button>
  );
}

export function Section({ heading, aside, children }: { heading: ReactNode; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <header className="section-head">
        <h2>{heading}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** Grey bars in place of what is on its way; they appear only after a moment. */
export function Waiting({ lines = 3 }: { lines?: number }) {
  return (
    <div className="waiting" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className="waiting-bar" />
      ))}
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

/** The first few of many, and a button that shows the others. */
export function useFew<T>(items: T[], few: number): { shown: T[]; more: ReactNode } {
  const [all, setAll] = useState(false);
  const rest = items.length - few;
  if (rest <= 0) return { shown: items, more: null };
  const more = (
    <button type="button" className="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
      {all ? "Show fewer" : `Show ${rest} more`}
    </button>
  );
  return { shown: all ? items : items.slice(0, few), more };
}

export function usePageTitle(text: string): void {
  useEffect(() => {
    document.title = text ? `${text} · Lineal` : "Lineal";
  }, [text]);
}
