/** A node of a tree and what hangs below it: what `treeDiagram` of `ocelli/plots` draws. */
export interface TreeDiagramNode {
  /** The test of a node, or what a leaf predicts. */
  readonly label: string
  /** How many samples reached it, and how mixed they are. */
  readonly detail?: string
  /** The outcome of the parent's test that leads here. */
  readonly edge?: string
  readonly children?: readonly TreeDiagramNode[]
  /** In a leaf of a classifier, the position of its class. */
  readonly colour?: number
}

/** A number in a few digits. */
export function shortNumber(value: number, digits = 6): string {
  return String(Number(value.toPrecision(digits)))
}
