/** Aliases and numbers of versions, as they lie in the properties of models and versions. */

import type { Entity } from "../api/types";

const ALIAS = "alias.";

/** Each alias with the number of the version that it leads to. */
export function aliasesOf(model: Entity): [alias: string, version: number][] {
  return Object.entries(model.properties ?? {}).flatMap(([key, value]) =>
    key.startsWith(ALIAS) && typeof value === "number" ? [[key.slice(ALIAS.length), value] as [string, number]] : [],
  );
}

/** The number of a version; the graph's own for one that has none. */
export function numberOfVersion(version: Entity): number {
  const number = version.properties?.["version"];
  return typeof number === "number" ? number : version.id;
}
