import { Pace } from '../pace.ts'
import type { GrowingNode } from './c45.ts'
import type { BranchTests, PartSamples } from './c45-tests.ts'
import { majorityOf } from './multiway-text.ts'
import { negligibleWeight, totalOf } from './multiway-tree.ts'
import { estimatedErrors } from './pessimistic-error.ts'

/** Estimates may be this much worse for a simpler tree: half of J48's rounding up of errors. */
const tolerated = 0.1

function errorsOf(counts: Float64Array): number {
  return totalOf(counts) - counts[majorityOf(counts)]!
}

/** Makes leaves of nodes whose subtree makes no fewer errors on the samples that it learned from. */
export function collapse(node: GrowingNode): void {
  if (node.test === undefined) return
  if (trainingErrors(node) >= errorsOf(node.counts) - 1e-3) makeLeaf(node)
  else for (const child of node.children) collapse(child)
}

function trainingErrors(node: GrowingNode): number {
  if (node.test === undefined) return errorsOf(node.counts)
  return node.children.reduce((sum, child) => sum + trainingErrors(child), 0)
}

function makeLeaf(node: GrowingNode): void {
  node.test = undefined
  node.children = []
}

/** Pruning by the errors that are expected on new samples. */
export class Pruner {
  readonly #tests: BranchTests
  readonly #confidence: number
  readonly #raises: boolean
  readonly #pace = new Pace()

  constructor(
    tests: BranchTests,
    { confidenceFactor, subtreeRaising }: { confidenceFactor: number; subtreeRaising: boolean },
  ) {
    this.#tests = tests
    this.#confidence = confidenceFactor
    this.#raises = subtreeRaising
  }

  /** Puts a leaf or the largest branch in a node's place where no more errors are expected of it, from the leaves up. */
  async prune(node: GrowingNode): Promise<void> {
    await this.#pace.pause()
    for (const child of node.children) await this.prune(child)
    if (node.test === undefined) return
    const largest = largestOf(node.children)
    const ofLargest = this.#raises ? this.#expected(largest, node.samples) : Number.POSITIVE_INFINITY
    const ofLeaf = this.#ofLeaf(node.counts)
    const limit = this.#ofTree(node) + tolerated + negligibleWeight
    if (ofLeaf <= limit && ofLeaf <= ofLargest + tolerated + negligibleWeight) makeLeaf(node)
    else if (ofLargest <= limit) {
      node.test = largest.test
      node.children = largest.children
      this.#redistribute(node, node.samples)
      await this.prune(node)
    }
  }

  #ofLeaf(counts: Float64Array): number {
    const total = totalOf(counts)
    return total < negligibleWeight ? 0 : estimatedErrors(total, errorsOf(counts), this.#confidence)
  }

  #ofTree(node: GrowingNode): number {
    if (node.test === undefined) return this.#ofLeaf(node.counts)
    return node.children.reduce((sum, child) => sum + this.#ofTree(child), 0)
  }

  /** The errors expected of a subtree with other samples. */
  #expected({ test, children }: GrowingNode, samples: PartSamples): number {
    if (test === undefined) return this.#ofLeaf(this.#tests.counts(samples))
    return this.#tests
      .distribute(test, samples)
      .reduce((sum, part, i) => sum + this.#expected(children[i]!, part), 0)
  }

  #redistribute(node: GrowingNode, samples: PartSamples): void {
    node.samples = samples
    node.counts = this.#tests.counts(samples)
    if (node.test === undefined) return
    const parts = this.#tests.distribute(node.test, samples)
    for (const [i, part] of parts.entries()) this.#redistribute(node.children[i]!, part)
  }
}

/** The child of the highest weight, the last of equal ones. */
function largestOf(children: readonly GrowingNode[]): GrowingNode {
  let best = children[0]!
  let most = totalOf(best.counts)
  for (const child of children.slice(1)) {
    const total = totalOf(child.counts)
    if (total < most - negligibleWeight) continue
    best = child
    most = total
  }
  return best
}
