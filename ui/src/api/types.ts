/** Made by scripts/types.mjs of the server's OpenAPI document: `npm run types` makes it anew. */

/** A number beyond 2^53 arrives as a bigint, see `parse`. */
export type Scalar = null | boolean | number | bigint | string;
export type Value = Scalar | Value[] | { [key: string]: Value };
export type Document = { [key: string]: Value };

/** Nothing stands at the address, not even softly deleted. */
export interface Absent {
  is: "absent";
}

/** Commits, newest first; `before` leads to the next page. */
export interface Activity {
  commits: Done[];
  before?: number | null;
}

/** All hold; of none, true. */
export interface And {
  expr: "and";
  parts: (Compare | Labelled | Related | And | Or | Not | Contains | HasSpan)[];
}

/** Add values of metrics. Repeating a point changes nothing. */
export interface AppendPoints {
  op: "append_points";
  ref: ById | ByUuid | ByExternal | ByName | Local;
  points: Point[];
}

/** The entity has not changed since it was read. */
export interface AtRevision {
  is: "at_revision";
  revision: number;
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

/** The id that another protocol gave the entity, such as `mlflow.run` and a run's hex id. */
export interface ByExternal {
  by: "external";
  protocol: string;
  id: string;
}

/** The store's own integer. */
export interface ById {
  by: "id";
  id: number;
}

/** The identity by name: unique within the kind's identity scope and a namespace. */
export interface ByName {
  by: "name";
  kind: string;
  name: string;
  namespace?: string;
}

/** 32 hexadecimal digits, stable across export and import. */
export interface ByUuid {
  by: "uuid";
  uuid: string;
}

/** Operations applied together or not at all, in order. */
export interface Change {
  operations: (PutType | PutEntity | PutEdge | PutFacet | PutLabel | AppendPoints | PutSpans | PutRecords | Remove | Expect)[];
  note?: string;
}

/**
 * One difference.
 *
 * Attributes:
 *     area: schema, statistics, data, parameters, code, environment, tags, metrics, lineage or outcome.
 *     what: the name of what differs: a column, a parameter, a data set.
 *     how: `added`, `dropped`, `changed`, `retyped`, or `renamed`, which is a guess.
 *     before, after: the values; None where there is none.
 *     at: id of the entity that it is about, when it is not one of the two compared.
 *     distance: 0 for a difference of the two themselves, 1 of the runs that wrote what they read, and so on.
 */
export interface Changed {
  area: string;
  what: string;
  how: "added" | "changed" | "dropped" | "renamed" | "retyped";
  before?: Value;
  after?: Value;
  at?: number | null;
  distance?: number;
}

/**
 * A change that was applied and is durable.
 *
 * Attributes:
 *     id: position in the store's one history; 0 when the change altered nothing.
 *     at: milliseconds since the epoch.
 *     entities: for each PutEntity, in order, the id of its entity.
 *     uuids: the same, as uuids.
 *     created: for each PutEntity, in order, whether it is new.
 */
export interface Commit {
  id: number;
  at: number;
  entities?: number[];
  uuids?: string[];
  created?: boolean[];
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

/**
 * A state in which a data set was.
 *
 * Attributes:
 *     name: what to call it: the content that its producer told, a digest, or the beginning of its uuid.
 *     at: when it was written, or first read.
 *     id: of its entity; None for one that only readers told of.
 *     run: id of the run that wrote it, or first read it.
 *     rows, bytes: its size.
 *     changes: how it differs from the one before, in a few words.
 */
export interface DataVersion {
  name: string;
  at: number;
  id?: number | null;
  run?: number | null;
  rows?: number | null;
  bytes?: number | null;
  changes?: string[];
}

/** Kinds, edge kinds, structs, enums and classifications. */
export interface Definitions {
  definitions: (KindDef | EdgeDef | StructDef | EnumDef | LabelDef)[];
}

/** All differences of two runs, models, data sets or versions of a data set, from near to far. */
export interface Difference {
  before: number;
  after: number;
  changes: Changed[];
  nodes?: Entity[];
  truncated?: boolean;
}

/**
 * What one commit did, as far as it was asked for.
 *
 * Attributes:
 *     total, entities: how many events and how many entities there are.
 *     events: the first few of them.
 */
export interface Done {
  commit: number;
  at: number;
  principal: string;
  door: string;
  note: string;
  total: number;
  entities: number;
  events: Event[];
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

/**
 * A precondition, checked inside the transaction before anything is applied.
 *
 * Attributes:
 *     code: chosen by the door, to know its own rule again when the expectation fails.
 */
export interface Expect {
  op: "expect";
  ref: ById | ByUuid | ByExternal | ByName | Local;
  that: Absent | Present | AtRevision | UnsetOrEqual | PropertyIn;
  code?: string;
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

/**
 * When a data set was last written.
 *
 * Attributes:
 *     written: when; `run`: by which one.
 *     interval: milliseconds that usually pass between two writings; None while there are fewer than three.
 *     due: when the next one is to be expected.
 *     stale: whether that is over by more than half an interval.
 */
export interface Freshness {
  written?: number | null;
  run?: number | null;
  interval?: number | null;
  due?: number | null;
  stale?: boolean;
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

/** An entity put earlier in the same change, by its handle. */
export interface Local {
  by: "local";
  handle: string;
}

/**
 * Which metrics of which entities.
 *
 * Attributes:
 *     refs: addresses; what is not there, or not for the caller, is left out.
 *     keys: of the metrics.
 *     buckets: of each series, see `SeriesParameters`.
 */
export interface ManySeries {
  refs: string[];
  keys: string[];
  buckets?: number;
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

/**
 * The version that an alias of a model leads to from now on.
 *
 * Attributes:
 *     version: its number; without one the alias is withdrawn.
 *     reason: is kept with the change.
 */
export interface NewAlias {
  version?: number | null;
  reason?: string;
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

/** The points of one metric of one entity, by its id. */
export interface OneSeries {
  entity: number;
  key: string;
  points: Point[];
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

/** Something stands at the address, in one of these states and (if given) of this kind. */
export interface Present {
  is: "present";
  states?: string[];
  kind?: string | null;
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

/** The property has one of these values. */
export interface PropertyIn {
  is: "property_in";
  key: string;
  values: (boolean | number | string | Value[] | Document | null)[];
}

/** Relate two entities. An edge is identified by source, target and kind; `detail` is merged. */
export interface PutEdge {
  op: "put_edge";
  kind: string;
  source: ById | ByUuid | ByExternal | ByName | Local;
  target: ById | ByUuid | ByExternal | ByName | Local;
  detail?: Document;
}

/**
 * Create an entity or change the named parts of one.
 *
 * Attributes:
 *     ref: where it stands already, or should; None makes a new one.
 *     kind: needed to create; an existing entity's kind is only ever refined to a subkind.
 *     name: the display name; with `unique` it is also the identity within kind and namespace.
 *     properties: merged into what is there; a value of None removes the key.
 *     state: `active` restores, `deleted` is the soft delete; with `cascade` also for all it contains.
 *     updated: when it changed, if not now; a new value is a change by itself.
 *     handle: lets later operations of the same change address it as `Local(handle)`.
 */
export interface PutEntity {
  op: "put_entity";
  ref?: ById | ByUuid | ByExternal | ByName | Local | null;
  kind?: string | null;
  namespace?: string;
  name?: string | null;
  unique?: boolean;
  home?: ById | ByUuid | ByExternal | ByName | Local | null;
  owner?: string | null;
  state?: "active" | "deleted" | null;
  cascade?: boolean;
  created?: number | null;
  updated?: number | null;
  started?: number | null;
  ended?: number | null;
  properties?: Record<string, boolean | number | string | Value[] | Document | null>;
  external?: External[];
  handle?: string | null;
}

/** Set the named document of an entity; None removes it. */
export interface PutFacet {
  op: "put_facet";
  ref: ById | ByUuid | ByExternal | ByName | Local;
  name: string;
  document: Value;
  producer?: string;
}

/** Put a classification, tag or term on an entity. Only classifications flow. */
export interface PutLabel {
  op: "put_label";
  ref: ById | ByUuid | ByExternal | ByName | Local;
  name: string;
  category?: "classification" | "tag" | "term";
  attributes?: Document;
  valid_from?: number | null;
  valid_until?: number | null;
}

/**
 * Put rows of a data set by key, each in place of the one that has the key already.
 *
 * A record may be given as `msgspec.Raw`, which is JSON text already.
 */
export interface PutRecords {
  op: "put_records";
  ref: ById | ByUuid | ByExternal | ByName | Local;
  records: Document;
}

/** Put steps of a trace, each in place of the one that has its id already. */
export interface PutSpans {
  op: "put_spans";
  ref: ById | ByUuid | ByExternal | ByName | Local;
  spans: Span[];
}

/** Add or evolve a kind, edge kind, struct, enum or classification. */
export interface PutType {
  op: "put_type";
  definition: KindDef | EdgeDef | StructDef | EnumDef | LabelDef;
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
 *     offset: matches to skip when there is no cursor.
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
  offset?: number;
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

/** Take something of an entity away. Only whole entities know a soft removal; `cascade` takes all it contains. */
export interface Remove {
  op: "remove";
  ref: ById | ByUuid | ByExternal | ByName | Local;
  what?: TheEntity | TheEdge | TheLabel | TheExternal | ThePoints | TheRecords;
  hard?: boolean;
  cascade?: boolean;
}

/**
 * A query whose answer is a table: of each entity only the properties and the metrics that are shown.
 *
 * Attributes:
 *     query: its parts say whether labels, facets and outside addresses come along.
 *     properties, metrics: their keys; properties with `*` at the end stand for all that begin so.
 */
export interface Rows {
  query: Query;
  properties?: string[];
  metrics?: string[];
}

/** Series, by entity and then by key in the order asked; those without points are left out. */
export interface SeriesFound {
  series: OneSeries[];
}

/**
 * One step of a trace. Spans hang off their trace and are no nodes.
 *
 * Attributes:
 *     id: 16 hexadecimal digits, which tell the spans of one trace apart.
 *     started, ended: nanoseconds since the epoch; `ended` is None as long as the step goes on.
 *     parent: id of the step that this one is part of, whether or not that one is known.
 *     type: what sort of step, such as `LLM` or `TOOL`.
 *     model, provider: the language model that was called, and by whom it is served.
 *     input_cost, output_cost, total_cost: of that call, in US dollars.
 *     attributes: what the application told, JSON in which numbers may also be NaN and infinite.
 *     detail: what else there is, such as events and links; never searched by its keys.
 */
export interface Span {
  id: string;
  name: string;
  started: number;
  ended?: number | null;
  parent?: string | null;
  type?: string;
  status?: "error" | "ok" | "unset";
  model?: string | null;
  provider?: string | null;
  input_cost?: number | null;
  output_cost?: number | null;
  total_cost?: number | null;
  attributes?: Document;
  detail?: Document;
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

/** Remove the edge of this kind to `target`. */
export interface TheEdge {
  what: "edge";
  kind: string;
  target: ById | ByUuid | ByExternal | ByName | Local;
}

/** Remove the entity itself; softly unless `hard`. */
export interface TheEntity {
  what: "entity";
}

/** Remove one outside address. */
export interface TheExternal {
  what: "external";
  protocol: string;
  id: string;
}

/** Remove a label that was put on this entity, and everywhere it flowed from here. */
export interface TheLabel {
  what: "label";
  name: string;
}

/** Remove one series. */
export interface ThePoints {
  what: "points";
  key: string;
}

/** Remove the records of these keys; all of them when None. */
export interface TheRecords {
  what: "records";
  keys?: string[] | null;
}

/** Each property has this value already or none. */
export interface UnsetOrEqual {
  is: "unset_or_equal";
  properties: Record<string, boolean | number | string | Value[] | Document | null>;
}

/** Versions of a data set, newest first; `deleted`: when it was dropped. */
export interface Versions {
  start: number;
  versions: DataVersion[];
  freshness: Freshness;
  deleted?: number | null;
  nodes?: Entity[];
}
