/** Small line drawings on a grid of 16, one for each family of kinds, and those of the controls. */

import { useKinds } from "../api/queries";
import { KINDS, kindName } from "../format/words";

export const DRAWINGS = {
  dataset: "M2.5 4c0-1.1 2.5-2 5.5-2s5.5.9 5.5 2v8c0 1.1-2.5 2-5.5 2s-5.5-.9-5.5-2zM2.5 4c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2",
  column: "M3 2.5h10v11H3zM6.3 2.5v11M9.7 2.5v11",
  artifact: "M4 1.5h5l3.5 3.5v9.5h-8.5zM9 1.5V5h3.5",
  model: "M8 1.5l5.7 3.2v6.6L8 14.5l-5.7-3.2V4.7zM2.3 4.7L8 8l5.7-3.3M8 8v6.5",
  feature: "M2 13.5L8 2.5l6 11zM5 9h6",
  dashboard: "M2 13.5h12M4 11V7.5M8 11V3M12 11V6",
  trace: "M2 3.5h7M5 8h9M8 12.5h5",
  asset: "M3 3h10v10H3z",
  process: "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4",
  run: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM6.5 5.3v5.4L11 8z",
  experiment: "M6 1.5h4M6.5 1.5v4.5L2.8 12.6c-.5.9.1 1.9 1.1 1.9h8.2c1 0 1.6-1 1.1-1.9L9.5 6V1.5M4.8 10h6.4",
  context: "M1.8 4V13h12.4V5H7.5L6 3H1.8z",
  pipeline: "M1.5 5.5h4v5h-4zM10.5 5.5h4v5h-4zM5.5 8h5",
  person: "M8 2a2.8 2.8 0 1 0 0 5.6A2.8 2.8 0 0 0 8 2zM2.5 14c0-3 2.5-4.5 5.5-4.5s5.5 1.5 5.5 4.5",
  group: "M5.5 3a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6zM1 13c0-2.6 2-4 4.5-4S10 10.4 10 13M10.5 3.2a2.2 2.2 0 0 1 0 4.2M12 9.2c1.8.5 3 1.7 3 3.8",
  term: "M3 2.5h8.5c.8 0 1.5.7 1.5 1.5v9.5H4.5c-.8 0-1.5-.6-1.5-1.4zM3 12c0-.8.7-1.3 1.5-1.3H13M6 5.5h4",
  version: "M8 4.5l5 2.8v4.4l-5 2.8-5-2.8V7.3zM3 7.3l5 2.7 5-2.7M8 10v4.5M3.5 4L8 1.5 12.5 4",
  alias: "M2 2.5h5.6l6 6-5.1 5.1-6.5-6.1zM5.3 5.3v.1",
  metric: "M2 12l3.5-4 2.5 2 5.5-6.5M10.5 3.5h3v3",
  parameter: "M2 4.5h6M11 4.5h3M9.5 3v3M2 11.5h2.5M7.5 11.5H14M6 10v3",
  scorer: "M8 1.8l1.9 3.9 4.3.6-3.1 3 .7 4.3L8 11.6l-3.8 2 .7-4.3-3.1-3 4.3-.6z",
  document: "M3.5 1.5h9v13h-9zM6 5h4M6 8h4M6 11h2.5",
  queue: "M2 4h2M6.5 4H14M2 8h2M6.5 8H14M2 12h2M6.5 12H14",
  issue: "M8 2L1.5 13.5h13zM8 6.5V10M8 11.8v.1",
  service: "M2.5 2.5h11v4.5h-11zM2.5 9h11v4.5h-11zM5 4.8v.1M5 11.3v.1",
  activity: "M1.5 8.5h3l2-5.5 3 10 2-4.5h3",
  lineage: "M2 3h4v3H2zM10 10h4v3h-4zM10 3h4v3h-4zM6 4.5h4M8 4.5v7h2",
  keyboard: "M1.5 4h13v8.5h-13zM4 6.8v.1M6.7 6.8v.1M9.4 6.8v.1M12 6.8v.1M5 10h6",
  filter: "M2 3h12L9.5 8.5V13l-3 1V8.5z",
  columns: "M2.5 2.5h11v11h-11zM6.2 2.5v11M9.8 2.5v11",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  clock: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.5V8l2.5 1.6",
  edit: "M10.8 2.3l2.9 2.9-8.2 8.2-3.6.7.7-3.6z",
  left: "M10 3.5L5.5 8l4.5 4.5",
  entity: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z",
  search: "M7 2.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6zM10.5 10.5L14 14",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M3 13l1.1-1.1M11.9 4.1L13 3",
  moon: "M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z",
  system: "M1.5 3h13v8.5h-13zM5.5 14h5M8 11.5V14",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5L6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  folder: "M1.8 4V13h12.4V5H7.5L6 3H1.8z",
  file: "M4 1.5h5l3.5 3.5v9.5h-8.5zM9 1.5V5h3.5",
  download: "M8 2v8M4.8 7L8 10.2 11.2 7M2.5 13.5h11",
  hidden: "M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  right: "M6 3.5L10.5 8 6 12.5",
} as const;

export type IconName = keyof typeof DRAWINGS;
export type Family = "asset" | "process" | "context" | "other";

const FAMILIES = new Set(["asset", "process", "context"]);
const BUILT_IN: Record<string, Family> = {
  run: "process",
  job: "process",
  experiment: "context",
  pipeline: "context",
  project: "context",
  workspace: "context",
  person: "other",
  group: "other",
  term: "other",
  entity: "other",
};

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={DRAWINGS[name]} />
    </svg>
  );
}

export function KindIcon({ kind }: { kind: string }) {
  const lines = useKinds().data;
  return (
    <span className="kind-icon" data-family={familyOf(kind, lines)} title={kindName(kind)}>
      <Icon name={drawingOf(kind, lines)} />
    </span>
  );
}

/** The kind and what it inherits from, nearest first. */
function ancestry(kind: string, supertypes: Map<string, string[]> | undefined): string[] {
  const found = [kind];
  for (const each of found) found.push(...(supertypes?.get(each) ?? []).filter((parent) => !found.includes(parent)));
  return found;
}

/** The drawing of a kind, without looking at those that users added. */
export function iconOf(kind: string): IconName {
  return drawingOf(kind, undefined);
}

function drawingOf(kind: string, supertypes: Map<string, string[]> | undefined): IconName {
  const names = ancestry(kind, supertypes).map((each) => KINDS[each]?.icon ?? each);
  return (names.find((name) => name in DRAWINGS) as IconName | undefined) ?? "entity";
}

export function familyOf(kind: string, supertypes?: Map<string, string[]>): Family {
  if (BUILT_IN[kind]) return BUILT_IN[kind];
  const family = ancestry(kind, supertypes).find((each) => FAMILIES.has(each) || each in BUILT_IN);
  return family === undefined ? "asset" : (BUILT_IN[family] ?? (family as Family));
}
