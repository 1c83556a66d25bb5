import { ProbabilisticClassifier } from '../classifier.ts'
import { NotFittedError } from '../errors.ts'
import type { Json, StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import type { Table } from '../tables/table.ts'
import type { TreeDiagramNode } from './diagram.ts'
import { multiwayDiagram, multiwayText } from './multiway-text.ts'
import {
  fillShares,
  isLeaf,
  type MultiwayNode,
  multiwayFromJson,
  multiwayToJson,
  nodesOf,
} from './multiway-tree.ts'

/** A classifier by a tree with a branch for each category. Probabilities are the shares of the classes in a leaf. */
export abstract class MultiwayTreeClassifier<O extends object> extends ProbabilisticClassifier<O, 'table'> {
  protected override readonly reads = 'table'
  protected override readonly takesWeights = true
  protected override readonly fewestClasses = 1
  #root: MultiwayNode | undefined

  /** The root of the tree. */
  get tree(): MultiwayNode {
    if (this.#root === undefined) throw new NotFittedError(this.label)
    return this.#root
  }

  protected set tree(root: MultiwayNode) {
    this.#root = root
  }

  get leafCount(): number {
    return nodesOf(this.tree).filter(isLeaf).length
  }

  /** Nodes and leaves. */
  get size(): number {
    return nodesOf(this.tree).length
  }

  protected override probabilities(table: Table): Matrix {
    return fillShares(this.tree, table, new Matrix(table.length, this.tree.counts.length))
  }

  /**
   * The tree in words, in Weka's form: a line for each branch, a leaf with its class, the weight of the samples that reached it
   * in learning, and after a slash that of those of other classes.
   */
  toText(): string {
    return multiwayText(this.tree, this.features, this.classes)
  }

  /** The tree as nested nodes, for `treeDiagram` of `ocelli/plots`. */
  toDiagram(): TreeDiagramNode {
    return multiwayDiagram(this.tree, this.features, this.classes)
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { tree: multiwayToJson(this.tree) }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    this.tree = multiwayFromJson(state.object('tree'), this.features, classes)
  }
}
