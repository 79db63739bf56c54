/** Made by scripts/types.mjs of the server's OpenAPI document: `npm run types` makes it anew. */

/** A number beyond 2^53 arrives as a bigint, see `parse`. */
export type Scalar = null | boolean | number | bigint | string;
export type Value = Scalar | Value[] | { [key: string]: Value };
export type Document = { [key: string]: Value };

/** All hold; of none, true. */
export interface And {
  expr: "and";
  parts: (Compare | Labelled | Related | And | Or | Not | Contains | HasSpan)[];
}

/**
 * A column of the entity itself.
 *
 * One of id, uuid, kind, namespace, name, state, home, owner, revision, created, updated, started, ended, and
 * duration: from start to end.
 */
export interface Attribute {
  field: "attribute";
  name: string;
}

/**
 * One typed attribute.
 *
 * Attributes:
 *     type: `int`, `double`, `string`, `boolean`, `time` (ms), `json`, `array<T>`, `map<string,T>`, or the
 *         name of a struct, an enum or a kind (a reference to an entity).
 *     unique: no two entities of the kind share a value.
 */
export interface AttributeDef {
  name: string;
  type?: string;
  required?: boolean;
  unique?: boolean;
  indexed?: boolean;
  default?: Value;
  description?: string;
}

/** `like` is case-sensitive with `%` and `_`, `matches` finds a regular expression; missing is `is null` only. */
export interface Compare {
  expr: "compare";
  field: Attribute | Property | Metric | ExternalId | EdgeDetail | OfHome | SpanField | SpanAttribute;
  op: "!=" | "<" | "<=" | "=" | ">" | ">=" | "ilike" | "in" | "is not null" | "is null" | "like" | "matches" | "not in";
  value?: boolean | number | string | (boolean | number | string | null)[] | null;
}

/** Is the home of an active entity of one of these kinds or their subkinds that matches `where`. */
export interface Contains {
  expr: "contains";
  kinds: string[];
  where?: Compare | Labelled | Related | And | Or | Not | Contains | HasSpan | null;
}

/** Active entities by kind. */
export interface Counts {
  kinds: Record<string, number>;
}

/** Kinds, edge kinds, structs, enums and classifications. */
export interface Definitions {
  definitions: (KindDef | EdgeDef | StructDef | EnumDef | LabelDef)[];
}

/** A typed relation. For lineage kinds `source` is upstream of `target`. */
export interface Edge {
  id: number;
  kind: string;
  source: number;
  target: number;
  detail?: Document;
  created?: number;
}

/**
 * A kind of edge.
 *
 * Attributes:
 *     source, target: kinds allowed at the ends.
 *     lineage: whether data runs from source to target.
 *     flow: which way classifications travel: `forward` from source to target, `backward`, or not at all.
 *     cardinality: of the target seen from the source: `one`, `set` or `list`.
 */
export interface EdgeDef {
  category: "edge";
  name: string;
  description?: string;
  version?: string;
  origin?: string;
  source?: string;
  target?: string;
  lineage?: boolean;
  flow?: "backward" | "forward" | null;
  cardinality?: "list" | "one" | "set";
  containment?: boolean;
  attributes?: AttributeDef[];
  options?: Document;
}

/** A text value of the edge that `Related` is looking at. */
export interface EdgeDetail {
  field: "edge_detail";
  key: string;
}

/**
 * A node as a caller sees it.
 *
 * Attributes:
 *     home: id of the entity that contains it (a run's experiment, a column's data set); grants on the
 *         home cover what it contains.
 *     revision: 1 when created, one more with every commit that changes it.
 *     created, updated, started, ended: milliseconds since the epoch.
 *     metrics: the latest point of each series.
 */
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
  properties?: Record<string, boolean | number | string | Value[] | Document | null>;
  metrics?: Record<string, Point>;
  facets?: Document;
  labels?: Label[];
  external?: External[];
}

/** A closed list of words. */
export interface EnumDef {
  category: "enum";
  name: string;
  description?: string;
  version?: string;
  origin?: string;
  values?: string[];
  default?: string | null;
}

/**
 * One entry of the history: what a commit did to one entity.
 *
 * Attributes:
 *     commit: position in the store's one history.
 *     number: position within the commit.
 *     at: milliseconds since the epoch.
 *     principal: who; `door`: through which protocol.
 *     action: created, updated, deleted, restored, removed, linked, unlinked, labelled, unlabelled, points, spans,
 *         typed.
 *     before: former values of what changed (None: it was not there); how to undo it.
 *     after: the new values.
 */
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

/** History of an entity, newest first. */
export interface Events {
  events: Event[];
}

/** One outside address of an entity. */
export interface External {
  protocol: string;
  id: string;
}

/** The id that a protocol gave the entity. */
export interface ExternalId {
  field: "external";
  protocol: string;
}

/** The body of every error. */
export interface Failure {
  error: Problem;
}

/** An entry of a folder; `size` in bytes. */
export interface File {
  path: string;
  is_folder: boolean;
  size: number;
}

/** Entries of a folder, ordered by path. */
export interface Files {
  files: File[];
}

/** Is a trace with a span that matches `where`, which compares parts of spans. */
export interface HasSpan {
  expr: "has_span";
  where?: Compare | Labelled | Related | And | Or | Not | Contains | HasSpan | null;
}

/**
 * A kind of entity.
 *
 * Attributes:
 *     identity: name of the kind within which names are unique; inherited when empty. `asset` lets a data
 *         set and an artifact of one name be one node.
 *     closed: whether properties that are not declared are refused.
 *     abstract: no entity may have just this kind.
 */
export interface KindDef {
  category: "kind";
  name: string;
  description?: string;
  version?: string;
  origin?: string;
  supertypes?: string[];
  attributes?: AttributeDef[];
  identity?: string;
  closed?: boolean;
  abstract?: boolean;
  options?: Document;
}

/**
 * A classification, tag or term on an entity.
 *
 * Attributes:
 *     name: the classification's name, or the tag or term itself.
 *     category: `classification` (flows along edges), `tag` or `term` (never flows).
 *     root: id of the entity on which it was put; another than the bearer when inherited.
 *     via: id of the neighbour through which it arrived, when inherited.
 *     valid_until: milliseconds since the epoch after which it no longer counts.
 */
export interface Label {
  name: string;
  category?: string;
  root?: number;
  via?: number | null;
  attributes?: Document;
  valid_from?: number | null;
  valid_until?: number | null;
}

/** A classification. A child counts as its parents when access is decided. */
export interface LabelDef {
  category: "classification";
  name: string;
  description?: string;
  version?: string;
  origin?: string;
  supertypes?: string[];
  attributes?: AttributeDef[];
  kinds?: string[];
  propagates?: boolean;
}

/**
 * Why an entity bears a label: the way from where it was put to here.
 *
 * Attributes:
 *     path: entity ids from the root to the bearer.
 *     edges: kind of the edge between each two of them.
 *     put_by, put_at: the commit that put it on the root.
 */
export interface LabelPath {
  label: string;
  root: number;
  path: number[];
  edges?: string[];
  put_by?: string;
  put_at?: number;
}

/** Bears the label, inherited or not unless `direct`. */
export interface Labelled {
  expr: "labelled";
  name: string;
  direct?: boolean;
}

/**
 * A piece of the graph.
 *
 * Attributes:
 *     start: id of the node asked about.
 *     nodes: those the caller may see.
 *     hidden: ids of nodes that are there but not for the caller: no name, no kind.
 *     edges: between all of these.
 *     truncated: whether `limit` cut the walk.
 */
export interface Lineage {
  start: number;
  nodes: Entity[];
  edges: Edge[];
  hidden?: number[];
  truncated?: boolean;
}

/**
 * Who the caller is.
 *
 * Attributes:
 *     everything: no grant limits that one.
 *     accounts: there are accounts, so that strangers have to sign in.
 *     admin: may manage accounts, grants and webhooks.
 */
export interface Me {
  principal: string;
  everything: boolean;
  accounts: boolean;
  admin: boolean;
}

/** The latest value of a series. */
export interface Metric {
  field: "metric";
  key: string;
}

/** An entity; with part `edges` also its edges and what stands at their other ends, without parts. */
export interface Neighbourhood {
  entity: Entity;
  edges?: Edge[];
  neighbours?: Entity[];
}

/** Does not hold. */
export interface Not {
  expr: "not";
  part: Compare | Labelled | Related | And | Or | Not | Contains | HasSpan;
}

/** An attribute or a property of the entity's home, as far as the caller may see it. */
export interface OfHome {
  field: "of_home";
  of: Attribute | Property;
}

/** At least one holds; of none, false. */
export interface Or {
  expr: "or";
  parts: (Compare | Labelled | Related | And | Or | Not | Contains | HasSpan)[];
}

/** Entities with a value come first, then NaN, then those without, in both directions. */
export interface Order {
  field: Attribute | Property | Metric | ExternalId | EdgeDetail | OfHome | SpanField | SpanAttribute;
  descending?: boolean;
}

/**
 * One page of answers.
 *
 * Attributes:
 *     cursor: for the next page; None on the last one.
 *     total: number of all matches, when asked for.
 *     facets: attribute → value → count.
 *     corrected: the text that was searched for instead, when a word was misspelt.
 */
export interface Page {
  entities: Entity[];
  cursor?: string | null;
  total?: number | null;
  facets?: Record<string, Record<string, number>>;
  corrected?: string | null;
}

/** The ways on which a label came. */
export interface Paths {
  paths: LabelPath[];
}

/** One value of a metric. `time` is in milliseconds since the epoch; `value` may be NaN or infinite. */
export type Point = [string, number | "NaN" | "Infinity" | "-Infinity", number, number];

/** Points of one series: [key, value, time, step]. Words stand for NaN, Infinity and -Infinity. */
export interface Points {
  points: Point[];
}

/** What went wrong. */
export interface Problem {
  code: "conflict" | "denied" | "expectation_failed" | "internal" | "invalid" | "not_found" | "too_large" | "unauthenticated" | "unavailable";
  message: string;
  detail?: Document | null;
}

/** A typed scalar; compared as a number with a number, as text with text. */
export interface Property {
  field: "property";
  key: string;
}

/**
 * What to find.
 *
 * Attributes:
 *     kinds: any of these or their subkinds; empty for all.
 *     text: words to rank by; the last one is also a prefix, and a misspelt one is corrected.
 *     order: ties are broken by id; by rank when empty and `text` is given.
 *     limit: entities in a page.
 *     cursor: from the page before.
 *     state: `active`, `deleted` or `all`.
 *     parts: what to bring along with each entity.
 *     facets: attributes to count over all matches: kind, namespace, owner, label.
 *     count: whether to count all matches.
 */
export interface Query {
  kinds?: string[];
  where?: Compare | Labelled | Related | And | Or | Not | Contains | HasSpan | null;
  text?: string;
  order?: Order[];
  limit?: number;
  cursor?: string | null;
  state?: "active" | "all" | "deleted";
  parts?: ("external" | "facets" | "labels" | "metrics" | "properties")[];
  facets?: string[];
  count?: boolean;
}

/** Has an edge of this kind (`out`: as its source; `in`: as its target) to an entity that matches `where`. */
export interface Related {
  expr: "related";
  kind: string;
  direction: "in" | "out";
  where?: Compare | Labelled | Related | And | Or | Not | Contains | HasSpan | null;
}

/** An attribute of the span that `HasSpan` is looking at, as text; JSON text when it is no scalar. */
export interface SpanAttribute {
  field: "span_attribute";
  key: string;
}

/**
 * A part of the span that `HasSpan` is looking at.
 *
 * One of name, type, status, started, ended, duration (nanoseconds), model, provider, input_cost, output_cost,
 * total_cost, and content: its name, attributes and detail as JSON.
 */
export interface SpanField {
  field: "span";
  name: string;
}

/** A nested value with typed attributes. */
export interface StructDef {
  category: "struct";
  name: string;
  description?: string;
  version?: string;
  origin?: string;
  attributes?: AttributeDef[];
}

/** Entities that begin so. */
export interface Suggestions {
  entities: Entity[];
}
