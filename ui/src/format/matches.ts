/** Where words that were searched for stand in an entity. */

import type { Entity } from "../api/types";
import { short } from "./properties";

export interface Match {
  /** What the text is: `description`, `param lr`, `label` … */
  where: string;
  text: string;
}

const BEFORE = 24;
const LENGTH = 90;

export function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

/** The first place besides the name that has a word which the name lacks; null when the name has them all. */
export function matchOf(entity: Entity, words: string[]): Match | null {
  const name = entity.name.toLowerCase();
  const missing = words.filter((word) => !name.includes(word));
  if (missing.length === 0) return null;
  for (const { where, text } of placesOf(entity)) {
    const lower = text.toLowerCase();
    const word = missing.find((each) => lower.includes(each)) ?? "";
    if (word) return { where, text: around(text, lower.indexOf(word)) };
    const key = missing.find((each) => where.toLowerCase().includes(each));
    if (key) return { where, text: around(text, 0) };
  }
  return null;
}

function placesOf(entity: Entity): Match[] {
  const properties = Object.entries(entity.properties ?? {});
  properties.sort(([a], [b]) => Number(b === "description") - Number(a === "description"));
  return [
    ...properties.map(([key, value]) => ({ where: key.replace(/^(param|tag)\./, "$1 "), text: short(value) })),
    ...(entity.labels ?? []).map((label) => ({ where: "label", text: label.name })),
    { where: "namespace", text: entity.namespace },
    { where: "owner", text: entity.owner ?? "" },
  ];
}

function around(text: string, at: number): string {
  const from = at > BEFORE ? at - BEFORE : 0;
  const cut = text.slice(from, from + LENGTH).replace(/\s+/g, " ");
  return (from > 0 ? "…" : "") + cut + (from + LENGTH < text.length ? "…" : "");
}

/** The text in pieces; every second one is a word that was searched for. */
export function pieces(text: string, words: string[]): string[] {
  if (words.length === 0) return [text];
  const escaped = [...words].sort((a, b) => b.length - a.length).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${escaped.join("|")})`, "giu"));
}
