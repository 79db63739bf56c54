/** What was looked at last, kept in this browser. */

import type { Entity } from "../api/types";

export type Seen = Pick<Entity, "uuid" | "kind" | "name" | "namespace">;

const KEY = "lineal.recent";
const MOST = 8;

export function recent(): Seen[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? (kept as Seen[]).filter((each) => typeof each?.uuid === "string") : [];
  } catch {
    return [];
  }
}

export function remember({ uuid, kind, name, namespace }: Entity): void {
  const others = recent().filter((each) => each.uuid !== uuid);
  store(JSON.stringify([{ uuid, kind, name, namespace }, ...others].slice(0, MOST)));
}

/** After signing out, nobody else learns what was looked at. */
export function forget(): void {
  store("[]");
}

function store(text: string): void {
  try {
    localStorage.setItem(KEY, text);
  } catch {
    // Where storage is forbidden there is nothing recent.
  }
}
