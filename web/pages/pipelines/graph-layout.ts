/** Where each dataset stands in the graph: behind everything that it is made from, near the middle of it. Pure. */
export interface GraphInput {
  name: string;
  dependsOn: readonly { name: string }[];
}

export interface Placed<Node> {
  node: Node;
  layer: number;
  /** In rows from the top; halves where a layer has an odd number less than the longest. */
  row: number;
}

export interface Layout<Node> {
  placed: Placed<Node>[];
  layers: number;
  rows: number;
}

export function layOut<Node extends GraphInput>(nodes: readonly Node[]): Layout<Node> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const depths = new Map<string, number>();
  const depthOf = (node: Node): number => {
    const known = depths.get(node.name);
    if (known !== undefined) return known;
    depths.set(node.name, 0); // a circle ends here
    const above = node.dependsOn.map(({ name }) => byName.get(name)).filter((each) => each !== undefined);
    const depth = above.length === 0 ? 0 : 1 + Math.max(...above.map(depthOf));
    depths.set(node.name, depth);
    return depth;
  };
  const layers = [...Map.groupBy(nodes, depthOf)].sort(([a], [b]) => a - b).map(([, members]) => members);
  const rows = Math.max(0, ...layers.map((members) => members.length));
  const placed = new Map<string, Placed<Node>>();
  for (const [layer, members] of layers.entries()) {
    const middle = (node: Node) => {
      const above = node.dependsOn.map(({ name }) => placed.get(name)?.row).filter((row) => row !== undefined);
      return above.length === 0 ? 0 : above.reduce((sum, row) => sum + row, 0) / above.length;
    };
    const ordered = layer === 0 ? members : members.toSorted((a, b) => middle(a) - middle(b));
    const offset = (rows - ordered.length) / 2;
    for (const [index, node] of ordered.entries()) placed.set(node.name, { node, layer, row: offset + index });
  }
  return { placed: [...placed.values()], layers: layers.length, rows };
}

/** The dataset, all that it is made from, and all that is made from it. */
export function lineageOf(nodes: readonly GraphInput[], name: string): Set<string> {
  const found = new Set([name]);
  const up = (of: string): void => {
    for (const { name: parent } of nodes.find((node) => node.name === of)?.dependsOn ?? []) {
      if (!found.has(parent)) {
        found.add(parent);
        up(parent);
      }
    }
  };
  const down = (of: string): void => {
    for (const node of nodes) {
      if (!found.has(node.name) && node.dependsOn.some((parent) => parent.name === of)) {
        found.add(node.name);
        down(node.name);
      }
    }
  };
  down(name);
  up(name);
  return found;
}
