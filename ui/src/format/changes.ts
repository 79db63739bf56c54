/** What events changed, as lines that can be read. */

import type { Document, Event, Value } from "../api/types";

export interface Line {
  name: string;
  /** undefined: there was, or is, no such side. */
  before: Value | undefined;
  after: Value | undefined;
}

/** Neighbouring events of one commit together, in the order given. */
export function byCommit(events: Event[]): Event[][] {
  const groups: Event[][] = [];
  for (const event of events) {
    const last = groups.at(-1);
    if (last?.[0]?.commit === event.commit) last.push(event);
    else groups.push([event]);
  }
  return groups;
}

/** The edge that an event made, changed or removed. */
export function linkOf({ action, before = {}, after = {} }: Event): { kind: string; source: number; target: number } | null {
  const { kind, source, target } = { ...before, ...after };
  const complete = typeof kind === "string" && typeof source === "number" && typeof target === "number";
  return /^(un)?linked$/.test(action) && complete ? { kind, source, target } : null;
}

/** One line for each value, those of nested documents (such as `properties`) included. */
export function linesOf({ before = {}, after = {} }: Pick<Event, "before" | "after">): Line[] {
  return keysOf(before, after).flatMap((name) => {
    const [old, now] = [before[name], after[name]];
    if (!isDocumentOrNothing(old) || !isDocumentOrNothing(now)) return [{ name, before: old, after: now }];
    return keysOf(old ?? {}, now ?? {}).map((key) => innerLine(name, key, old?.[key], now?.[key]));
  });
}

function keysOf(before: Document, after: Document): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])];
}

function innerLine(above: string, key: string, before: Value | undefined, after: Value | undefined): Line {
  if (above === "properties") return { name: key, before, after };
  if (above === "labels") return { name: key, before: labelInWords(before), after: labelInWords(after) };
  return { name: `${above}.${key}`, before, after };
}

/** A label's category, and its attributes when it has some. */
function labelInWords(label: Value | undefined): Value | undefined {
  if (!isDocument(label)) return label;
  const { category = "classification", attributes, ...rest } = label;
  const more = { ...(isDocument(attributes) ? attributes : {}), ...rest };
  return Object.keys(more).length ? { category, ...more } : category;
}

function isDocument(value: Value | undefined): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDocumentOrNothing(value: Value | undefined): value is Document | null | undefined {
  return value === undefined || value === null || isDocument(value);
}
