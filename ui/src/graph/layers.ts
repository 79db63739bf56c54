/** From any directed graph to one whose edges each lead from one layer to the next. */

export interface Link {
  source: number;
  target: number;
}

export interface Graph {
  ids: number[];
  /** Node id → its neighbours. */
  after: Map<number, number[]>;
  before: Map<number, number[]>;
}

/** A graph cut into layers. */
export interface Layered extends Graph {
  layerOf: Map<number, number>;
  /** Ids that stand for a piece of a long edge. */
  placeholders: Set<number>;
  /** `linkKey` → the nodes that the edge runs through, its two ends included. */
  chains: Map<string, number[]>;
}

export function linkKey({ source, target }: Link): string {
  return `${source} ${target}`;
}

export function turned({ source, target }: Link): Link {
  return { source: target, target: source };
}

export function withoutRepeats(links: Link[]): Link[] {
  return [...new Map(links.map((link) => [linkKey(link), link])).values()];
}

export function graphOf(ids: number[], links: Link[]): Graph {
  const after = new Map<number, number[]>(ids.map((id) => [id, []]));
  const before = new Map<number, number[]>(ids.map((id) => [id, []]));
  for (const { source, target } of links) {
    after.get(source)!.push(target);
    before.get(target)!.push(source);
  }
  return { ids, after, before };
}

/** Edges of a graph that may have cycles, in layers by longest path. */
export function layered(ids: number[], links: Link[]): Layered {
  const graph = graphOf(ids, acyclic(ids, links));
  return withPlaceholders(graph, layersOf(graph));
}

/** The links, with those that close a cycle turned round. */
export function acyclic(ids: number[], links: Link[]): Link[] {
  const closing = closingLinks(graphOf(ids, links));
  return withoutRepeats(links.map((link) => (closing.has(linkKey(link)) ? turned(link) : link)));
}

/** Keys of the links that lead back to a node on the way of a depth-first walk from the sources. */
function closingLinks({ ids, after, before }: Graph): Set<string> {
  const closing = new Set<string>();
  const open = new Set<number>();
  const seen = new Set<number>();
  const sources = ids.filter((id) => before.get(id)!.length === 0);
  for (const root of [...sources, ...ids]) {
    const stack: [id: number, next: number][] = seen.has(root) ? [] : [[root, 0]];
    while (stack.length) {
      const top = stack.at(-1)!;
      const [source] = top;
      seen.add(source);
      open.add(source);
      const target = after.get(source)![top[1]++];
      if (target === undefined) open.delete(stack.pop()![0]);
      else if (open.has(target)) closing.add(linkKey({ source, target }));
      else if (!seen.has(target)) stack.push([target, 0]);
    }
  }
  return closing;
}

function layersOf(graph: Graph): Map<number, number> {
  const layerOf = longestPaths(graph);
  for (const id of graph.ids) {
    const targets = graph.after.get(id)!;
    if (graph.before.get(id)!.length === 0 && targets.length > 0) {
      // A source stands next to the first that uses it, not at the far left.
      layerOf.set(id, Math.min(...targets.map((target) => layerOf.get(target)!)) - 1);
    }
  }
  return layerOf;
}

function longestPaths({ ids, after, before }: Graph): Map<number, number> {
  const layerOf = new Map(ids.map((id) => [id, 0]));
  const missing = new Map(ids.map((id) => [id, before.get(id)!.length]));
  const ready = ids.filter((id) => missing.get(id) === 0);
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    for (const target of after.get(id)!) {
      layerOf.set(target, Math.max(layerOf.get(target)!, layerOf.get(id)! + 1));
      missing.set(target, missing.get(target)! - 1);
      if (missing.get(target) === 0) ready.push(target);
    }
  }
  return layerOf;
}

function withPlaceholders(graph: Graph, layerOf: Map<number, number>): Layered {
  const placeholders = new Set<number>();
  const chains = new Map<string, number[]>();
  const steps: Link[] = [];
  let next = Math.min(0, ...graph.ids) - 1;
  for (const source of graph.ids) {
    for (const target of graph.after.get(source)!) {
      const chain = [source];
      for (let layer = layerOf.get(source)! + 1; layer < layerOf.get(target)!; layer++) {
        layerOf.set(next, layer);
        placeholders.add(next);
        chain.push(next--);
      }
      chain.push(target);
      chains.set(linkKey({ source, target }), chain);
      chain.slice(1).forEach((id, at) => steps.push({ source: chain[at]!, target: id }));
    }
  }
  return { ...graphOf([...graph.ids, ...placeholders], steps), layerOf, placeholders, chains };
}
