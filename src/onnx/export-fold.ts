import { sizeOf } from '../graph/shape.ts'
import { weightTensor } from '../weights/index.ts'
import type { GraphBuilder, Initializer } from './export-builder.ts'
import type { GraphNode } from './model.ts'

/** Along which axis of its weight an operator's output channels lie; a Gemm's where transB is set. */
const channelAxis: Readonly<Record<string, number>> = { Conv: 0, ConvTranspose: 1, Gemm: 0 }

/**
 * Takes batch normalization of known weights into the convolution or linear layer before it, where nothing else reads
 * that layer's output. `kept` are values that must remain.
 */
export function foldNormalizations(builder: GraphBuilder, kept: ReadonlySet<string>): void {
  const { nodes } = builder
  const makers = new Map<string, number>()
  const reads = new Map<string, number>()
  for (const [i, node] of nodes.entries()) {
    for (const output of node.outputs) makers.set(output, i)
    for (const input of node.inputs) reads.set(input, (reads.get(input) ?? 0) + 1)
  }
  const dropped = new Set<number>()
  for (const [i, node] of nodes.entries()) {
    if (node.op !== 'BatchNormalization' || node.outputs.length > 1) continue
    const at = makers.get(node.inputs[0]!)
    const maker = at === undefined ? undefined : nodes[at]!
    if (
      at === undefined ||
      maker === undefined ||
      kept.has(node.inputs[0]!) ||
      reads.get(node.inputs[0]!) !== 1
    ) {
      continue
    }
    const folded = fold(builder, maker, node, reads)
    if (folded === null) continue
    nodes[at] = folded
    makers.set(node.outputs[0]!, at)
    dropped.add(i)
  }
  const left = nodes.filter((_, i) => !dropped.has(i))
  nodes.length = 0
  for (const node of left) nodes.push(node)
}

/** The layer with the normalization in its weights; null where it cannot take it. */
function fold(
  builder: GraphBuilder,
  layer: GraphNode,
  normalization: GraphNode,
  reads: ReadonlyMap<string, number>,
): GraphNode | null {
  const axis = channelAxis[layer.op]
  if (axis === undefined) return null
  if (layer.op === 'Gemm' && !isInt(layer, 'transB', 1)) return null
  // Groups of a transposed convolution split the output channels over both axes of the weight.
  if (layer.op === 'ConvTranspose' && !isInt(layer, 'group', 1)) return null
  const known = (name: string | undefined): Initializer | null =>
    name === undefined || name === '' ? null : (builder.initializers.get(name) ?? null)
  const [x, weightName, biasName] = layer.inputs
  const weight = known(weightName)
  const bias = known(biasName)
  const statistics = normalization.inputs.slice(1).map(known)
  if (weight === null || (bias === null && biasName !== undefined)) return null
  if (statistics.some((value) => value === null)) return null
  const [gamma, beta, mean, variance] = statistics.map((value) => floats(value!)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  const epsilon = normalization.attributes.epsilon
  const eps = epsilon?.type === 'float' ? epsilon.value : 1e-5
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + eps))
  const { shape } = weight
  const channels = shape[axis]!
  if (channels !== scale.length) return null
  const inner = sizeOf(shape.slice(axis + 1))
  const before = floats(weight)
  const after = new Float32Array(before.length)
  for (let i = 0; i < after.length; i++) after[i] = before[i]! * scale[Math.floor(i / inner) % channels]!
  const own = bias === null ? null : floats(bias)
  const shift = Float32Array.from(beta, (b, c) => b + ((own?.[c] ?? 0) - mean[c]!) * scale[c]!)
  const write = (name: string, kept: boolean, values: Float32Array, size: readonly number[]): string => {
    if (!kept) builder.initializers.delete(name)
    const tensor = weightTensor(size, 'F32', values)
    if (kept) return builder.initializer(name, tensor)
    builder.initializers.set(name, { shape: size, tensor })
    return name
  }
  const shared = (name: string): boolean => (reads.get(name) ?? 0) > 1
  const newWeight = write(weightName!, shared(weightName!), after, shape)
  const biasBase = biasName ?? `${weightName!.replace(/\.?weight$/, '')}.bias`.replace(/^\./, '')
  const newBias = write(biasBase, biasName === undefined || shared(biasName), shift, [channels])
  return { ...layer, inputs: [x!, newWeight, newBias], outputs: normalization.outputs }
}

function floats({ tensor }: Initializer): Float32Array {
  return tensor.values() as Float32Array
}

function isInt(node: GraphNode, name: string, value: number): boolean {
  const attribute = node.attributes[name]
  return attribute?.type === 'int' && attribute.value === value
}
