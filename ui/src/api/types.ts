/** The values that travel over /api/v1. Fields equal to their defaults may be left out by the server. */

/** A number beyond 2^53 arrives as a bigint, see `parse`. */
export type Scalar = null | boolean | number | bigint | string;
export type Value = Scalar | Value[] | { [key: string]: Value };
export type Document = { [key: string]: Value };

/** key, value, time (ms since the epoch), step. NaN and the infinities travel as text. */
export type Point = [key: string, value: number | string | null, time: number, step: number];

export interface External {
  protocol: string;
  id: string;
}

export interface Label {
  name: string;
  /** `classification` (the default; flows along edges), `tag` or `term`. */
  category?: string;
  /** Id of the entity on which it was put. */
  root?: number;
  /** Id of the neighbour through which it arrived; absent unless inherited. */
  via?: number | null;
  attributes?: Document;
  valid_from?: number | null;
  valid_until?: number | null;
}

export interface Edge {
  id: number;
  kind: string;
  /** For lineage kinds the source is upstream of the target. */
  source: number;
  target: number;
  detail?: Document;
  created?: number;
}

/** Times are in milliseconds since the epoch. */
export interface Entity {
  id: number;
  uuid: string;
  kind: string;
  namespace: string;
  name: string;
  state?: string;
  home?: number | null;
  owner?: string | null;
  revision?: number;
  created?: number;
  updated?: number;
  started?: number | null;
  ended?: number | null;
  properties?: Document;
  metrics?: Record<string, Point>;
  facets?: Document;
  labels?: Label[];
  external?: External[];
}

export type Part = "properties" | "metrics" | "facets" | "labels" | "external";

export interface EntityView {
  entity: Entity;
  edges?: Edge[];
  neighbours?: Entity[];
}

export type Field =
  | { field: "attribute"; name: string }
  | { field: "property"; key: string }
  | { field: "metric"; key: string };

export type Expr =
  | { expr: "compare"; field: Field; op: string; value: Scalar | Scalar[] }
  | { expr: "labelled"; name: string }
  | { expr: "and"; parts: Expr[] }
  | { expr: "or"; parts: Expr[] };

export interface Order {
  field: Field;
  descending: boolean;
}

export interface Query {
  kinds?: string[];
  where?: Expr;
  text?: string;
  order?: Order[];
  limit?: number;
  cursor?: string;
  state?: "active" | "deleted" | "all";
  parts?: Part[];
  facets?: string[];
  count?: boolean;
}

export interface Page {
  entities: Entity[];
  cursor?: string | null;
  total?: number | null;
  /** attribute → value → count */
  facets?: Record<string, Record<string, number>>;
  /** What was searched for instead, when a word was misspelt. */
  corrected?: string | null;
}

export type Direction = "up" | "down" | "both";

export interface Lineage {
  start: number;
  nodes: Entity[];
  edges: Edge[];
  /** Ids of nodes that the reader may not see. */
  hidden?: number[];
  truncated?: boolean;
}

export interface Event {
  commit: number;
  number: number;
  at: number;
  principal: string;
  door: string;
  action: string;
  entity: number;
  uuid?: string;
  kind?: string;
  name?: string;
  before?: Document;
  after?: Document;
  note?: string;
}

export interface LabelPath {
  label: string;
  root: number;
  /** Entity ids from the root to the bearer. */
  path: number[];
  edges?: string[];
  put_by?: string;
  put_at?: number;
}

export interface FileEntry {
  path: string;
  is_folder: boolean;
  size?: number | null;
}

export interface Definition {
  category: string;
  name: string;
  description?: string;
  supertypes?: string[];
  /** Of an edge kind: whether data runs along it. */
  lineage?: boolean;
}

export interface Me {
  principal: string;
  everything: boolean;
  accounts: boolean;
}
