/** Keeps what is on the screen fresh: the server's feed of changes marks the queries they touch as stale. */

import { useQueryClient, type QueryClient, type QueryKey } from "@tanstack/react-query";
import { useEffect } from "react";
import { API } from "./client";
import type { Event } from "./types";

const QUIET = 300;
const LONGEST = 2500;
const RETRY = 10_000;
const OF_ONE_ENTITY = new Set(["series", "history", "files"]);
/** What shows the metrics of many. */
const OF_TABLES = new Set(["find", "rows", "many", "activity"]);
const NEVER = new Set(["me", "diff"]);

/** Follow the feed for as long as the component is shown. */
export function useLive(enabled: boolean): void {
  const client = useQueryClient();
  useEffect(() => (enabled ? follow(client) : undefined), [client, enabled]);
}

function follow(client: QueryClient): () => void {
  const pending = new Pending((events) => refresh(client, events));
  const feed = new Feed(
    (event) => pending.add(event),
    () => void client.invalidateQueries({ predicate: (query) => !NEVER.has(query.queryKey[0] as string) }),
  );
  return () => {
    feed.stop();
    pending.stop();
  };
}

function refresh(client: QueryClient, events: Event[]): void {
  void client.invalidateQueries({ predicate: (query) => events.some((event) => touches(event, query.queryKey)) });
}

/** Whether what was read under this key may have changed with the event. */
export function touches(event: Event, key: QueryKey): boolean {
  const [what, ref] = key as [string, unknown];
  const same = ref === event.uuid || ref === event.entity;
  if (NEVER.has(what)) return false;
  if (OF_ONE_ENTITY.has(what)) return same;
  if (what === "types") return event.action === "typed";
  if (event.action === "points") return OF_TABLES.has(what) || (what === "entity" && same);
  return true;
}

/** Collects events until a short silence, but never for long. */
class Pending {
  private events: Event[] = [];
  private quiet = 0;
  private latest = 0;

  constructor(private readonly flush: (events: Event[]) => void) {}

  add(event: Event): void {
    this.events.push(event);
    clearTimeout(this.quiet);
    this.quiet = window.setTimeout(() => this.release(), QUIET);
    this.latest ||= window.setTimeout(() => this.release(), LONGEST);
  }

  stop(): void {
    clearTimeout(this.quiet);
    clearTimeout(this.latest);
    this.latest = 0;
  }

  private release(): void {
    this.stop();
    const events = this.events;
    this.events = [];
    this.flush(events);
  }
}

/** The event stream, closed while the page is hidden: a browser allows six connections to a host over all tabs. */
class Feed {
  private source: EventSource | null = null;
  private since = "";
  private retry = 0;

  constructor(
    private readonly receive: (event: Event) => void,
    private readonly lookedAway: () => void,
  ) {
    document.addEventListener("visibilitychange", this.adapt);
    if (!document.hidden) this.open();
  }

  stop(): void {
    document.removeEventListener("visibilitychange", this.adapt);
    this.close();
  }

  private readonly adapt = (): void => {
    if (document.hidden) return this.close();
    if (this.source) return;
    this.open();
    this.lookedAway();
  };

  private open(): void {
    clearTimeout(this.retry);
    this.source = new EventSource(`${API}/feed${this.since ? `?since=${this.since}` : ""}`);
    this.source.addEventListener("change", (message: MessageEvent<string>) => {
      this.since = message.lastEventId;
      this.receive(JSON.parse(message.data) as Event);
    });
    this.source.addEventListener("error", () => this.reopenIfClosed());
  }

  /** A browser reconnects by itself after a lost connection, but not after an answer with an error's status. */
  private reopenIfClosed(): void {
    if (this.source?.readyState !== EventSource.CLOSED) return;
    this.close();
    this.retry = window.setTimeout(this.adapt, RETRY);
  }

  private close(): void {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }
}
