/**
 * Where each dataset stands in the graph: behind everything that it is made from, near the middle of it. Pure.
 * A line that passes layers has a place of its own in each, so that it never runs behind a box.
 */
export interface GraphInput {
  name: string;
  dependsOn: readonly { name: string }[];
}

export interface Point {
  layer: number;
  /** In rows from the top; halves where a layer has an odd number less than the longest. */
  row: number;
}

export interface Placed<Node> extends Point {
  node: Node;
}

export interface Line {
  from: string;
  to: string;
  /** From one box through the layers between to the other. */
  points: Point[];
}

export interface Layout<Node> {
  placed: Placed<Node>[];
  lines: Line[];
  layers: number;
  rows: number;
}

/** What takes a place: a dataset, or a line on its way. */
interface Slot {
  key: string;
  layer: number;
  /** Slots of the layer before that lead here. */
  parents: string[];
}

export function layOut<Node extends GraphInput>(nodes: readonly Node[]): Layout<Node> {
  const depths = depthsOf(nodes);
  const { slots, ways } = makeSlots(nodes, depths);
  const layers = [...Map.groupBy(slots, ({ layer }) => layer)].sort(([a], [b]) => a - b).map(([, members]) => members);
  const rows = Math.max(0, ...layers.map((members) => members.length));
  const places = new Map<string, Point>();
  for (const members of layers) {
    const middle = ({ parents }: Slot) => parents.reduce((sum, key) => sum + (places.get(key)?.row ?? 0), 0) / Math.max(parents.length, 1);
    const offset = (rows - members.length) / 2;
    const ordered = members.toSorted((a, b) => middle(a) - middle(b));
    for (const [index, { key, layer }] of ordered.entries()) places.set(key, { layer, row: offset + index });
  }
  const placeOf = (key: string) => places.get(key) as Point;
  return {
    // In the order in which data moves: so it is read, and so the keyboard goes.
    placed: nodes.map((node) => ({ node, ...placeOf(node.name) })).sort((a, b) => a.layer - b.layer || a.row - b.row),
    lines: ways.map(({ from, to, keys }) => ({ from, to, points: keys.map(placeOf) })),
    layers: layers.length,
    rows,
  };
}

function makeSlots(nodes: readonly GraphInput[], depths: ReadonlyMap<string, number>) {
  const slots = new Map<string, Slot>(
    nodes.map(({ name }) => [name, { key: name, layer: depths.get(name) as number, parents: [] as string[] }]),
  );
  const ways: { from: string; to: string; keys: string[] }[] = [];
  for (const { name: to, dependsOn } of nodes) {
    for (const { name: from } of dependsOn) {
      const [first, last] = [depths.get(from), depths.get(to)];
      if (first === undefined || last === undefined || first >= last) continue; // unknown, or part of a circle
      const between = Array.from({ length: last - first - 1 }, (_, index) => first + 1 + index);
      const keys = [from, ...between.map((layer) => `${from} ${to} ${layer}`), to];
      for (const [index, layer] of between.entries()) {
        const key = keys[index + 1] as string;
        slots.set(key, { key, layer, parents: [keys[index] as string] });
      }
      slots.get(to)?.parents.push(keys.at(-2) as string);
      ways.push({ from, to, keys });
    }
  }
  return { slots: [...slots.values()], ways };
}

function depthsOf(nodes: readonly GraphInput[]): Map<string, number> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const depths = new Map<string, number>();
  const depthOf = (node: GraphInput): number => {
    const known = depths.get(node.name);
    if (known !== undefined) return known;
    depths.set(node.name, 0); // a circle ends here
    const above = node.dependsOn.map(({ name }) => byName.get(name)).filter((each) => each !== undefined);
    const depth = above.length === 0 ? 0 : 1 + Math.max(...above.map(depthOf));
    depths.set(node.name, depth);
    return depth;
  };
  for (const node of nodes) depthOf(node);
  return depths;
}

/** The dataset, all that it is made from, and all that is made from it. */
export function lineageOf(nodes: readonly GraphInput[], name: string): Set<string> {
  const parentsOf = (of: string) => nodes.find((node) => node.name === of)?.dependsOn.map((parent) => parent.name) ?? [];
  const childrenOf = (of: string) =>
    nodes.filter(({ dependsOn }) => dependsOn.some((parent) => parent.name === of)).map((node) => node.name);
  return new Set([...reach(name, parentsOf), ...reach(name, childrenOf)]);
}

function reach(start: string, next: (name: string) => string[]): Set<string> {
  const found = new Set([start]);
  for (const name of found) for (const each of next(name)) found.add(each);
  return found;
}
