import { abstractGraph, record } from '../compiler/graph.ts'
import {
  builtInConvCosts,
  type ConvCosts,
  type ConvWork,
  type FilterAlgorithm,
  winogradTiles,
  winogradWeights,
} from '../compiler/target.ts'
import type { Conv2dAttrs, Node } from '../graph/node.ts'
import { inputNode } from '../graph/node.ts'
import * as ops from '../graph/ops/index.ts'
import { sizeOf } from '../graph/shape.ts'
import { HostStorage, type Storage } from '../graph/storage.ts'
import type { Backend } from './backend.ts'

type Size = Pick<ConvWork, 'images' | 'height' | 'width' | 'inChannels' | 'outChannels'>

/** Of a network's middle: images stay in the caches, and the arithmetic takes the time. */
const computed: Size = { images: 4, height: 56, width: 56, inChannels: 64, outChannels: 64 }
/** More weights than caches hold, for four pixels. */
const streamed: Size = { images: 1, height: 2, width: 2, inChannels: 1024, outChannels: 1536 }
/** Weights that take long to pack and little time to multiply with. */
const packed: Size = { images: 1, height: 8, width: 8, inChannels: 256, outChannels: 256 }

const attrs: Conv2dAttrs = {
  stride: [1, 1],
  padding: [1, 1, 1, 1],
  dilation: [1, 1],
  groups: 1,
  layout: 'nhwc',
}

/** Costs that make the compiler choose an algorithm. */
function costsFor(algorithm: FilterAlgorithm): ConvCosts {
  const free = (chosen: FilterAlgorithm): number => (algorithm === chosen ? 0 : Number.POSITIVE_INFINITY)
  const costs = { ...builtInConvCosts, streamed: 0, packing: 0, winogradWeightGrad: 0 }
  return {
    ...costs,
    winogradF2Transform: free('winogradF2'),
    winogradF4Transform: free('winogradF4'),
    weightGrad: algorithm === 'implicitGemm' ? 0 : Number.MAX_VALUE,
  }
}

/** The convolutions that are timed. */
function timedConvolutions() {
  const forward = (size: Size, algorithm: FilterAlgorithm, persistent = true): Timed => {
    const { images, height, width, inChannels, outChannels } = size
    const x = leaf([images, height, width, inChannels])
    const weight = leaf([outChannels, inChannels, 3, 3], persistent)
    return { output: ops.conv2d(x, weight, attrs), algorithm }
  }
  const gradient = (size: Size, algorithm: FilterAlgorithm): Timed => {
    const { images, height, width, inChannels, outChannels } = size
    const x = leaf([images, height, width, inChannels])
    const dy = leaf([images, height, width, outChannels])
    return { output: ops.conv2dWeightGrad(x, dy, attrs, [3, 3]), algorithm }
  }
  return {
    direct: forward(computed, 'implicitGemm'),
    winogradF2: forward(computed, 'winogradF2'),
    winogradF4: forward(computed, 'winogradF4'),
    weightGrad: gradient(computed, 'implicitGemm'),
    winogradWeightGrad: gradient(computed, 'winogradF4'),
    streamed: forward(streamed, 'implicitGemm'),
    packed: forward(packed, 'implicitGemm'),
    packing: forward(packed, 'implicitGemm', false),
  }
}

interface Timed {
  readonly output: Node
  readonly algorithm: FilterAlgorithm
}

/**
 * Measures what the algorithms of a convolution cost on this machine, on as many threads as the backend runs, in a second or
 * so. Throws where the backend has no such algorithms.
 */
export async function calibrate(backend: Backend): Promise<ConvCosts> {
  if (backend.info.name === 'reference') {
    throw new Error(
      'the reference backend has one algorithm for every convolution: there is nothing to calibrate',
    )
  }
  const times = await fastestTimes(backend, timedConvolutions())
  const { inChannels, outChannels } = computed
  const products = 9 * channels(computed) * pixels(computed)
  // Multiply-adds a millisecond.
  const speed = products / times.direct
  const transform = (tile: 2 | 4, milliseconds: number): number => {
    const tiles = winogradTiles(computed, tile)
    const multiplied = winogradWeights(inChannels, outChannels, tile) * tiles
    return (milliseconds * speed - multiplied) / (tiles * (inChannels + outChannels))
  }
  const stream = (times.streamed * speed) / (9 * channels(streamed))
  const winogradF4Transform = transform(4, times.winogradF4)
  const tiles = winogradTiles(computed, 4)
  const transformed = tiles * (inChannels + outChannels) * winogradF4Transform
  const perWeight =
    (times.winogradWeightGrad * speed - transformed) / winogradWeights(inChannels, outChannels, 4)
  const costs: ConvCosts = {
    streamed: stream,
    packing: ((times.packing - times.packed) * speed) / (9 * channels(packed)),
    winogradF2Transform: transform(2, times.winogradF2),
    winogradF4Transform,
    weightGrad: (times.weightGrad * speed) / products,
    winogradWeightGrad: (perWeight - 2 * stream) / tiles,
  }
  // Noise can take a difference below nothing.
  const bounded = Object.entries(costs).map(([key, cost]) => [
    key,
    Math.max(0.01, Number(cost.toPrecision(3))),
  ])
  return Object.fromEntries(bounded) as ConvCosts
}

function channels({ inChannels, outChannels }: Size): number {
  return inChannels * outChannels
}

function pixels({ images, height, width }: Size): number {
  return images * height * width
}

/** Values on which no processor is slower than on others. */
function leaf(shape: readonly number[], persistent = false): Node {
  const values = new Float32Array(sizeOf(shape))
  for (let i = 0; i < values.length; i++) values[i] = (i % 17) / 16 - 0.5
  return inputNode(new HostStorage('float32', values), shape, { persistent })
}

const rounds = 8

/** Milliseconds of the fastest run of each, in turns, so that what else the machine does meets all alike. */
async function fastestTimes<K extends string>(
  backend: Backend,
  timed: Readonly<Record<K, Timed>>,
): Promise<Record<K, number>> {
  const runs = (Object.entries(timed) as [K, Timed][]).map(([key, { output, algorithm }]) => {
    const recorded = record([output])
    const executable = backend.compile(abstractGraph(recorded), costsFor(algorithm))
    const inputs = recorded.leaves.map((leaf) => leaf.storage as Storage)
    const outputs = [HostStorage.allocate('float32', sizeOf(output.shape))]
    return [key, () => executable.run(inputs, outputs)] as const
  })
  const fastest = {} as Record<K, number>
  for (const [key, run] of runs) {
    await run()
    fastest[key] = Number.POSITIVE_INFINITY
  }
  for (let round = 0; round < rounds; round++) {
    for (const [key, run] of runs) {
      const start = performance.now()
      await run()
      fastest[key] = Math.min(fastest[key], performance.now() - start)
    }
  }
  return fastest
}
