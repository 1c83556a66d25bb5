import { gradients } from '../../src/autograd/index.ts'
import { isFloating } from '../../src/graph/dtype.ts'
import { isOp, type Node } from '../../src/graph/node.ts'
import * as g from '../../src/graph/ops/index.ts'
import { broadcastShapes, type Shape, sameShape, sizeOf } from '../../src/graph/shape.ts'
import { Generator } from '../../src/tensor/generator.ts'
import { leaf } from './pass-check.ts'

/** Whole numbers and halves: products and sums of them are exact, so that no comparison hangs on rounding. */
const constants = [0, 0, 1, 1, -1, 2, 0.5, 3, -2, 4]

/** Grows a graph step by step from leaves, out of the forms that rules look for. */
export class RandomGraph {
  readonly leaves: Node[] = []
  readonly #random: Generator
  readonly #nodes: Node[] = []
  /** Values that rounding may change, which are not compared with others. */
  readonly #rounded = new Set<Node>()

  constructor(seed: number, steps: number) {
    this.#random = new Generator(seed)
    const [n, c, h, w] = [this.#upTo(2), this.#upTo(4), this.#upTo(5), this.#upTo(5)]
    const shapes: Shape[] = [[n, c, h, w], [n, c, h, w], [c, 1, 1], [c], [n, 1, h, w], []]
    for (const shape of shapes) this.#leaf(shape, this.#chance(0.3))
    for (let i = 0; i < steps; i++) this.#add(this.#step())
  }

  /** Some of the values, and the gradients of a sum of all with respect to the leaves. */
  outputs(withGradients: boolean): Node[] {
    const wanted = this.#nodes.slice(-3)
    if (!withGradients) return wanted
    const total = wanted
      .filter(({ dtype }) => isFloating(dtype))
      .map((node) => g.reduceSum(g.mul(node, leaf(node.shape)), axesOf(node)))
      .reduce((a, b) => g.add(a, b), g.scalar(0, 'float32'))
    if (!total.requiresGrad) return wanted
    const found = gradients([total])
    return [...wanted, ...this.leaves.flatMap((node) => found.get(node) ?? [])]
  }

  #leaf(shape: Shape, persistent = false): Node {
    const node = leaf(shape, { persistent })
    node.requiresGrad = true
    this.leaves.push(node)
    this.#nodes.push(node)
    return node
  }

  #add(node: Node): void {
    const summed = ['reduceSum', 'conv2d', 'conv2dInputGrad', 'matmul', 'cumSum'].includes(node.op)
    if (summed || node.inputs.some((input) => this.#isRounded(input))) this.#rounded.add(node)
    this.#nodes.push(node)
  }

  /** Nodes made on the way to another are not in the list themselves. */
  #isRounded(node: Node): boolean {
    if (this.#nodes.includes(node)) return this.#rounded.has(node)
    return isOp(node, 'reduceSum') || node.inputs.some((input) => this.#isRounded(input))
  }

  #upTo(most: number): number {
    return 1 + this.#random.integer(most)
  }

  #chance(probability: number): boolean {
    return this.#random.uniform() < probability
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.integer(list.length)]!
  }

  #float(fits: (node: Node) => boolean = () => true): Node {
    const found = this.#nodes.filter((node) => isFloating(node.dtype) && fits(node))
    if (found.length === 0) return this.#leaf([2, 3, 4, 3])
    // Chains grow where the latest value is taken on.
    return this.#chance(0.4) ? found.at(-1)! : this.#pick(found)
  }

  /** A value that goes with the other one: another of the graph, a constant, or one that is repeated. */
  #partner(x: Node): Node | number {
    if (this.#chance(0.35)) return this.#pick(constants)
    const fits = (node: Node): boolean => {
      try {
        return sizeOf(broadcastShapes('fits', x.shape, node.shape)) <= 2000
      } catch {
        return false
      }
    }
    const partner = this.#float(fits)
    if (!fits(partner)) return 1
    const wide = broadcastShapes('partner', x.shape, partner.shape)
    if (this.#chance(0.2)) return g.full(wide, this.#pick(constants))
    return this.#chance(0.3) ? g.expand(partner, wide) : partner
  }

  #step(): Node {
    const x = this.#float()
    const kinds = [
      () => this.#unary(x),
      () => this.#binary(x),
      () => this.#binary(x),
      () => this.#binary(x),
      () => this.#choice(x),
      () => this.#movement(x),
      () => this.#movement(x),
      () => this.#cut(x),
      () => this.#cut(x),
      () => this.#reduction(x),
      () => this.#centred(x),
      () => this.#convolution(),
      () => this.#product(),
      () => this.#again(x),
    ]
    const made = this.#pick(kinds)()
    return sizeOf(made.shape) > 2000
      ? g.slice(
          made,
          starts(made),
          made.shape.map((d) => Math.min(d, 2)),
        )
      : made
  }

  #unary(x: Node): Node {
    return this.#pick([
      () => g.neg(x),
      () => g.abs(x),
      () => g.tanh(x),
      () => g.relu(x),
      () => g.exp(g.tanh(x)),
      () => g.sqrt(g.add(g.abs(x), 1)),
      () => g.sigmoid(g.neg(x)),
      () => g.pow(g.tanh(x), this.#pick([0, 1, 2])),
      () => g.cast(g.cast(x, 'float32'), 'float32'),
    ])()
  }

  #binary(x: Node): Node {
    const y = this.#partner(x)
    const [a, b] = this.#chance(0.5) || typeof y === 'number' ? [x, y] : [y, x]
    return this.#pick([
      () => g.add(a, b),
      () => g.sub(a, b),
      () => g.sub(b, a),
      () => g.mul(a, b),
      () => g.mul(g.tanh(a), b),
      () => g.maximum(a, b),
      () => g.minimum(a, b),
      () => g.div(a, typeof b === 'number' ? b || 1 : g.add(g.abs(b), 1)),
    ])()
  }

  #choice(x: Node): Node {
    const exact = this.#float((node) => !this.#isRounded(node) && sameShape(node.shape, x.shape))
    if (!sameShape(exact.shape, x.shape) || this.#isRounded(exact)) return g.neg(x)
    const condition = this.#pick([
      () => g.less(0, exact),
      () => g.logicalNot(g.lessEqual(exact, 1)),
      () => g.logicalAnd(g.less(exact, 1), g.full([], 1, 'bool')),
      () => g.full(x.shape, 1, 'bool'),
    ])()
    return this.#pick([
      () => g.where(condition, x, 0),
      () => g.where(condition, exact, x),
      () => g.where(condition, g.where(condition, x, exact), 1),
      () => g.mul(x, g.cast(condition, 'float32')),
      () => g.mul(x, g.where(condition, 1, g.full(x.shape, 0))),
    ])()
  }

  #movement(x: Node): Node {
    const rank = x.shape.length
    return this.#pick([
      () => g.permute(x, [...this.#random.permutation(rank)]),
      () => g.permute(g.permute(x, [...this.#random.permutation(rank)]), [...this.#random.permutation(rank)]),
      () => g.reshape(x, [sizeOf(x.shape)]),
      () => g.reshape(x, [1, ...x.shape, 1]),
      () =>
        g.reshape(
          x,
          x.shape.filter((d) => d !== 1),
        ),
      () => g.expand(x, [2, ...x.shape]),
      () =>
        g.flip(
          x,
          axesOf(x).filter(() => this.#chance(0.5)),
        ),
      () => g.cumSum(g.reshape(x, [...x.shape, 1]), rank),
    ])()
  }

  #cut(x: Node): Node {
    if (x.shape.length === 0) return g.neg(x)
    const axis = this.#random.integer(x.shape.length)
    const size = x.shape[axis]!
    const at = this.#random.integer(size + 1)
    const amounts = (): number[] => x.shape.map(() => this.#random.integer(2))
    return this.#pick([
      () => g.sliceAxis(x, axis, Math.min(at, size - 1), size),
      () => g.sliceAxis(x, axis, 0, size, 2),
      () => g.pad(x, amounts(), amounts(), this.#pick([0, 0, 1])),
      () => g.pad(x, amounts(), amounts(), 0, amounts()),
      () => g.concat([x, x], axis),
      () => g.concat([g.sliceAxis(x, axis, at, size), g.sliceAxis(x, axis, 0, at)], axis),
      () => g.concat([g.tanh(g.sliceAxis(x, axis, 0, at)), g.sliceAxis(x, axis, at, size)], axis),
    ])()
  }

  #someAxes(x: Node): number[] {
    return axesOf(x).filter(() => this.#chance(0.6))
  }

  #reduction(x: Node): Node {
    const axes = this.#someAxes(x)
    return this.#pick([
      () => g.reduceSum(x, axes, this.#chance(0.5)),
      () => g.reduceMean(x, axes, this.#chance(0.5)),
      () => g.reduceMax(x, axes, this.#chance(0.5)),
      () => g.reduceSum(g.mul(x, this.#partner(x)), axes, true),
    ])()
  }

  #centred(x: Node): Node {
    const centred = g.sub(x, g.reduceMean(x, this.#someAxes(x), true))
    return this.#pick([
      () => centred,
      () => g.reduceSum(g.mul(centred, centred), axesOf(x), true),
      () => g.reduceSum(g.add(g.mul(centred, 2), x), this.#someAxes(x), true),
    ])()
  }

  #convolution(): Node {
    const x = this.#float(({ shape }) => shape.length === 4 && sizeOf(shape) < 1000)
    const [, c, h, w] = x.shape as [number, number, number, number]
    const side = (): number => this.#random.integer(2)
    const kernel = [this.#upTo(Math.min(h, 3)), this.#upTo(Math.min(w, 3))] as const
    const attrs = {
      stride: [this.#upTo(2), this.#upTo(2)],
      padding: [side(), side(), side(), side()],
      dilation: [1, 1],
      groups: 1,
      layout: 'nchw',
    } as const
    const weight = this.#leaf([3, c, ...kernel], this.#chance(0.7))
    const padded = this.#chance(0.3) ? g.pad(x, [0, 0, side(), side()], [0, 0, side(), side()]) : x
    let y = g.conv2d(padded, weight, attrs)
    for (let i = this.#random.integer(4); i > 0; i--) {
      const channel = this.#leaf([3, 1, 1], this.#chance(0.8))
      y = this.#pick([g.add, g.mul, g.sub])(y, this.#chance(0.2) ? this.#pick(constants) : channel)
    }
    return y
  }

  #product(): Node {
    const x = this.#float(({ shape }) => shape.length > 0 && sizeOf(shape) < 1000)
    const features = x.shape[x.shape.length - 1]!
    const rows = g.reshape(x, [sizeOf(x.shape) / Math.max(features, 1), features])
    const weight = this.#leaf([3, features], this.#chance(0.7))
    const y = this.#chance(0.5)
      ? g.matmul(rows, weight, false, true)
      : g.matmul(rows, g.permute(weight, [1, 0]))
    return this.#chance(0.6) ? g.add(g.mul(y, this.#leaf([3], true)), this.#leaf([3], true)) : y
  }

  /** The same once more, or a value that must be computed again. */
  #again(x: Node): Node {
    return this.#pick([
      () => g.add(g.tanh(x), g.tanh(x)),
      () => g.mul(g.tanh(x), g.tanh(g.recomputed(x, 1))),
      () => g.detach(x),
      () => g.add(x, x),
    ])()
  }
}

function axesOf({ shape }: Node): number[] {
  return shape.map((_, i) => i)
}

function starts({ shape }: Node): number[] {
  return shape.map(() => 0)
}
