/** Properties sorted into what people look for. */

import { pretty } from "../api/parse";
import type { Document, Entity, Value } from "../api/types";

export interface PropertyGroup {
  heading: string;
  items: [name: string, value: Value][];
}

const PREFIXES: [prefix: string, heading: string][] = [
  ["param.", "Parameters"],
  ["tag.", "Tags"],
];

/** Parameters, tags and the others, each sorted by name with the prefix removed; groups without items are left out. */
export function groupProperties(properties: Document): PropertyGroup[] {
  const groups = [...PREFIXES.map(([, heading]) => heading), "Properties"].map(
    (heading): PropertyGroup => ({ heading, items: [] }),
  );
  for (const [key, value] of Object.entries(properties)) {
    const at = PREFIXES.findIndex(([prefix]) => key.startsWith(prefix) && key !== prefix);
    const prefix = PREFIXES[at]?.[0] ?? "";
    groups.at(at)!.items.push([key.slice(prefix.length), value]);
  }
  for (const group of groups) group.items.sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  return groups.filter((group) => group.items.length > 0);
}

/** A value in one line. */
export function short(value: Value | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? pretty(value).replace(/\s*\n\s*/g, " ") : String(value);
}

/** The document that a text holds, when it is the JSON of an object or a list. */
export function embedded(text: string): Value | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
}

export type Tone = "good" | "bad" | "busy" | "plain";

const TONES: [words: RegExp, tone: Tone][] = [
  [/^(finished|complete|completed|succeeded|success|ready|cached)$/, "good"],
  [/^(failed|fail|error|killed|aborted|abort)$/, "bad"],
  [/^(running|scheduled|new|pending|start|queued)$/, "busy"],
];

/** What became of a run: its own word, else what its times say; null for what is not a process. */
export function status(entity: Entity): { word: string; tone: Tone } | null {
  const word = short(entity.properties?.["status"] ?? entity.properties?.["state"]) || impliedStatus(entity);
  if (!word) return null;
  const tone = TONES.find(([words]) => words.test(word.toLowerCase()))?.[1] ?? "plain";
  return { word: word.toLowerCase(), tone };
}

function impliedStatus(entity: Entity): string {
  if (entity.kind !== "run" || entity.started == null) return "";
  return entity.ended == null ? "running" : "finished";
}
