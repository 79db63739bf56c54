/** Names of kinds, edges and entities, as people read them. */

import type { Entity } from "../api/types";
import kinds from "./kinds.json";

interface KindWords {
  name?: string;
  plural: string;
  icon: string;
}

/** Of every built-in kind; those that users add go by rule. */
export const KINDS: Record<string, KindWords> = kinds;

export function kindName(kind: string): string {
  return KINDS[kind]?.name ?? kind.replaceAll("_", " ");
}

export function plural(kind: string): string {
  const name = kindName(kind);
  if (KINDS[kind]) return KINDS[kind].plural;
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(name) ? `${name}es` : `${name}s`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The name, or for a nameless entity the beginning of its uuid. */
export function title(entity: Pick<Entity, "name" | "uuid">): string {
  return entity.name || entity.uuid.slice(0, 8);
}

const LONG = 28;

/** The title, or of a long path only its last part. */
export function shortTitle(entity: Pick<Entity, "name" | "uuid">): string {
  const whole = title(entity);
  const last = whole.replace(/\/+$/, "").split("/").at(-1);
  return whole.length > LONG && last && last !== whole ? `…/${last}` : whole;
}

interface Ends {
  /** Heading of the far ends, seen from the source. */
  out: string;
  /** Heading of the far ends, seen from the target. */
  in: string;
}

const EDGES: Record<string, Ends> = {
  input: { out: "Read by", in: "Inputs" },
  output: { out: "Outputs", in: "Written by" },
  derived: { out: "Made into", in: "Made from" },
  version: { out: "Versions", in: "Version of" },
  member: { out: "Contains", in: "Part of" },
  parent: { out: "Children", in: "Parent" },
  run_of: { out: "Execution of", in: "Executions" },
  owns: { out: "Owns", in: "Owned by" },
  describes: { out: "Describes", in: "Described by" },
  deployed_as: { out: "Deployed as", in: "Serves" },
  same_as: { out: "Same as", in: "Same as" },
};

/** What to call the entities at the far end of an edge. */
export function edgeHeading(kind: string, direction: "in" | "out"): string {
  const name = capital(kindName(kind));
  return EDGES[kind]?.[direction] ?? (direction === "out" ? `${name} →` : `← ${name}`);
}

const ACTIONS: Record<string, string> = { points: "logged metrics", typed: "defined a type" };

/** An event's action as the predicate of a sentence. */
export function actionName(action: string): string {
  return ACTIONS[action] ?? action;
}
