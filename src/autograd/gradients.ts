import { isFloating } from '../graph/dtype.ts'
import { withGradMode } from '../graph/grad-mode.ts'
import { make } from '../graph/make.ts'
import type { Node, Op } from '../graph/node.ts'
import { add, full, type OpDefinition, ops, recomputed } from '../graph/ops/index.ts'
import { formatShape, ShapeError, sameShape } from '../graph/shape.ts'

export interface GradientOptions {
  /** Records the gradients themselves as differentiable, for second derivatives. */
  readonly createGraph?: boolean
}

/**
 * Reverse-mode differentiation as a graph transform: adds the nodes of the gradients of `outputs`, weighted by
 * `cotangents` (ones where not given), and returns those of every node reached that requires one.
 */
export function gradients(
  outputs: readonly Node[],
  cotangents: readonly (Node | undefined)[] = [],
  options: GradientOptions = {},
): Map<Node, Node> {
  return withGradMode(options.createGraph ?? false, () => {
    const result = new Map<Node, Node>()
    for (const [i, output] of outputs.entries()) {
      const cotangent = cotangents[i] ?? full(output.shape, 1, output.dtype)
      if (!sameShape(cotangent.shape, output.shape)) {
        throw new ShapeError(
          `backward: the gradient is ${formatShape(cotangent.shape)}, the output ${formatShape(output.shape)}`,
        )
      }
      if (output.requiresGrad) accumulate(result, output, cotangent)
    }
    const recompute = new Recomputation()
    for (const node of differentiable(outputs)) {
      const gradient = result.get(node)
      if (gradient === undefined || node.inputs.length === 0) continue
      const subject = recompute.of(node)
      const definition = ops[node.op] as unknown as OpDefinition<Op>
      const ofInputs = definition.gradient(subject, gradient)
      for (const [i, input] of node.inputs.entries()) {
        const ofInput = ofInputs[i]
        if (ofInput && input.requiresGrad && isFloating(input.dtype)) accumulate(result, input, ofInput)
      }
    }
    return result
  })
}

function accumulate(result: Map<Node, Node>, node: Node, gradient: Node): void {
  const before = result.get(node)
  result.set(node, before === undefined ? gradient : add(before, gradient))
}

/** Everything reached from the outputs through nodes that require a gradient, users before inputs. */
function differentiable(outputs: readonly Node[]): Node[] {
  const seen = new Set<Node>()
  const stack = outputs.filter((node) => node.requiresGrad)
  while (stack.length > 0) {
    const node = stack.pop()!
    if (seen.has(node)) continue
    seen.add(node)
    if (node.released) {
      throw new Error(
        `backward: an earlier backward() has released the history of ${node.op} ${formatShape(node.shape)}; ` +
          'call that one with { retainGraph: true } to take gradients through it again',
      )
    }
    for (const input of node.inputs) if (input.requiresGrad) stack.push(input)
  }
  return [...seen].sort((a, b) => b.id - a.id)
}

/**
 * Inside a checkpointed region the gradient must not refer to the forward pass's values, which would keep them in memory,
 * but to copies computed again from the values that enter the region.
 */
class Recomputation {
  readonly #copies = new Map<Node, Node>()
  readonly #entries = new Map<number, Map<Node, Node>>()

  of(node: Node): Node {
    if (node.checkpointRegion === undefined || node.inputs.length === 0) return node
    return this.#copy(node, node.checkpointRegion, true)
  }

  #copy(node: Node, region: number, root: boolean): Node {
    if (node.checkpointRegion !== region || node.inputs.length === 0)
      return root ? node : this.#entry(node, region)
    const known = this.#copies.get(node)
    if (known) return known
    const inputs = node.inputs.map((input) => this.#copy(input, region, false))
    const copy: Node = make(node.op, inputs, node.attrs)
    copy.requiresGrad = node.requiresGrad
    this.#copies.set(node, copy)
    return copy
  }

  #entry(node: Node, region: number): Node {
    const persistent = node.op === 'input' && (node as Node<'input'>).attrs.persistent
    if (persistent || !isFloating(node.dtype)) return node
    let entries = this.#entries.get(region)
    if (!entries) {
      entries = new Map()
      this.#entries.set(region, entries)
    }
    let entry = entries.get(node)
    if (!entry) {
      entry = recomputed(node, region)
      entry.requiresGrad = node.requiresGrad
      entries.set(node, entry)
    }
    return entry
  }
}

let nextRegion = 0

/** Marks every node recorded while fn (synchronous) runs as one region to be recomputed for the gradient. */
export function checkpointRegion<T>(fn: () => T, reached: (result: T) => readonly Node[]): T {
  const region = nextRegion++
  const marker = full([], 0)
  const result = fn()
  const stack = [...reached(result)]
  const seen = new Set<Node>()
  while (stack.length > 0) {
    const node = stack.pop()!
    if (seen.has(node) || node.id < marker.id) continue
    seen.add(node)
    if (node.inputs.length > 0) node.checkpointRegion = region
    stack.push(...node.inputs)
  }
  return result
}
